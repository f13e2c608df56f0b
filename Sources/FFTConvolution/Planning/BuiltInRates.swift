package import SpectralEngine

extension Machine {
    /// A machine with the rates that are built in for an instruction set: those of AVX-512 on one of Intel's, each times a factor.
    ///
    /// - Parameter kind: Of AVX-512; nothing depends on it without.
    package init(instructionSet: InstructionSet, kind: AVX512Kind = .ofThisProcessor) {
        self.init(fastest: ())
        // On the machine with AVX2 that was measured a tile loses half as much beyond the second-level cache
        // and a stage little when it is shared (`Docs/Measurements/2026-11-26-rolling.md`).
        if instructionSet == .avx2 { (beyondCacheCost, teamCost) = (0.028, 1.05) }
        // There short lines take as long for each multiply-add, straight code or not (`2026-11-26-plans.md`); FFTW's take what they did when
        // a point counted 1.55 times as much.
        if instructionSet != .avx512 {
            (straightTermCost, loopPassCost) = (1, 1.6)
            (longChannelPass, codeletChannelPass) = (longChannelPass * 1.55, codeletChannelPass * 1.55)
        } else if kind != .intel {
            becomeAMD()
        }
        // Calls by transforms cost no more than others there beside their work (`Docs/Measurements/2026-11-28-zen5.md`).
        if instructionSet == .avx512, kind == .zen5 {
            (rowGradientCost, channelGradientCost, transformEntries) = (1.05, 1.06, 1)
            // Layers by products (`Docs/Measurements/2026-11-28-choice.md`).
            (binReadColumns, binWaitCost, binCalls, matrixEntries) = (8, 1.75, 0.75, 3.3)
            (binGradientCost, gradientTapCost, gradientPlaneCost) = (1.25, 0.8, 2.5)
            (farChannelCaches, farChannelDoublings, storedRowCost) = (6, 3, 0.6)
            (narrowStencilCost, partialTurnCost, spreadTogetherCost) = (2, 2.5, 0.18)
            // Folded volumes (`Docs/Measurements/2026-11-28-split.md`).
            (foldedVolumeCost, farFoldedVolumeCost) = (1.03, 0.88)
            // Copies with a stride, filters in no cache (`Docs/Measurements/2026-11-28-ahead.md`).
            (stridedPadCost, farTapCost, turnedFilterCost) = (2, 1.8, 0.3)
            streamedCaches = 2
        }
        for rate in Self.rates + Self.passRates {
            switch instructionSet {
            case .avx512: if kind != .intel { self[keyPath: rate.path] *= kind == .zen4 ? rate.zen4 : rate.zen5 }
            case .avx2: self[keyPath: rate.path] *= rate.avx2
            // Plain loops are for tests of the vectors.
            case .baseline, .scalar: self[keyPath: rate.path] *= rate.baseline
            }
        }
    }

    /// What AMD's processors with AVX-512 have in common.
    private mutating func becomeAMD() {
        // The products are so fast that what they read counts, and a shared stage costs no more than the meeting
        // (`Docs/Measurements/2026-11-27-teams.md`); channels are far by degrees.
        (lastCacheProductCost, teamCost, meetingCost, farChannelDoublings) = (2.3, 1, 0.7, 2)
        // Operands of up to 10 MB cost direct sums no more than those in the second-level cache, from 13 MB on as much as memory
        // (`Docs/Measurements/2026-11-27-volumes.md`).
        farElementCaches = 8
        (rowGradientCost, channelGradientCost) = (1.04, 0.96)
        // Passes along channels, timed alone (`Docs/Measurements/2026-11-27-quiet.md`); FFTW's take what they did when a point counted
        // 1.17 times as much.
        (straightTermCost, loopPassCost) = (0.64, 1.92)
        (longChannelPass, codeletChannelPass) = (longChannelPass * 1.17, codeletChannelPass * 1.17)
    }

    /// This machine, with the rates that are built in for its instruction set and, with AVX-512, its kind.
    public init() {
        self = withDefaultFloatingPoint { Machine(instructionSet: .inUse) }
        cacheByteCount = ProcessLimits.secondLevelCache
    }
}
