extension Machine {
    package typealias RatePath = any WritableKeyPath<Machine, Double> & Sendable

    /// One number of a machine that calibration measures.
    package struct Rate: Sendable {
        /// Its name in tables and in the calibration file.
        package let name: String
        package let path: RatePath
        /// How many times as much it is with AVX2 (`Docs/Measurements/2026-11-25-avx2.md`; passes: `2026-11-26-rolling.md`; channel passes and moves, matrix products: `2026-11-26-plans.md`), and with 128-bit vectors alone (`fftconv
        /// calibrate` with `FFTCONV_ISA`, `2026-11-23-rates.md` beside it), as with AVX-512.
        let avx2: Double
        let baseline: Double
        /// And with AVX-512 on AMD's processors, in two halves (`2026-11-26-zen4.md`; those of channels: `2026-11-27-teams.md`, their passes and what a stencil adds: `2026-11-27-quiet.md`).
        let zen4: Double
        /// With whole vectors (`2026-11-28-zen5.md`).
        let zen5: Double

        init(
            _ name: String, _ path: RatePath, avx2: Double = 1, baseline: Double = 1, zen4: Double = 1,
            zen5: Double
        ) {
            self.name = name
            self.path = path
            self.avx2 = avx2
            self.baseline = baseline
            self.zen4 = zen4
            self.zen5 = zen5
        }

        /// One of FFTW's passes. A Zen 5 takes 0.42 to 0.49 of what a Zen 4 does for all but the longest lines.
        fileprivate static func pass(
            _ name: String, _ path: RatePath, avx2: Double = 1, zen4: Double, zen5: Double? = nil
        ) -> Rate {
            Rate(name, path, avx2: avx2, zen4: zen4, zen5: zen5 ?? 0.45 * zen4)
        }
    }

    /// All that are measured but for those of passes.
    package static let rates: [Rate] = fittedRates.flatMap(\.self)

    /// Those that are fitted to the times of whole calls. Rates of one group keep their proportions: whole calls tell their sum
    /// and not their shares. (Fitted one by one they were right for the calls of the fit, and for others not: 2026-11-23, the
    /// choice for `n4c64i56x56_k64f15x15_psame` took 2.3 times as long as the best.)
    static let fittedRates: [[Rate]] = [
        [
            Rate("rotation", \.rotationTime, avx2: 1.8, baseline: 2, zen5: 3.5),
            Rate("fold", \.foldTime, avx2: 1.8, baseline: 2, zen5: 0.43),
            Rate("split", \.splitTime, avx2: 1.5, baseline: 3, zen5: 0.5),
            Rate("copy", \.copyTime, avx2: 0.78, baseline: 1.8, zen5: 1.41),
            Rate("gather", \.gatherTime, avx2: 0.82, baseline: 1.48, zen4: 1.6, zen5: 1.21),
            Rate("call", \.callTime, avx2: 0.6, zen4: 0.4, zen5: 0.363),
            Rate("block", \.blockTime, avx2: 1.9, zen4: 1.6, zen5: 1.15),
            Rate("row", \.rowTime, avx2: 2.4, zen5: 0.75),
        ],
        [Rate("product", \.productTime, avx2: 0.75, baseline: 1.8, zen4: 0.6, zen5: 0.348)],
        [
            Rate("matrix-product", \.productRate, avx2: 1.95, baseline: 5.2, zen4: 1.51, zen5: 0.693),
            Rate("channel-pass", \.channelPassTime, avx2: 0.52, baseline: 1.2, zen4: 0.351, zen5: 0.157),
            Rate("channel-term", \.channelTermTime, avx2: 1.42, baseline: 3.6, zen4: 0.77, zen5: 0.307),
            Rate("channel-move", \.channelMoveTime, avx2: 0.7, baseline: 1.3, zen4: 0.83, zen5: 0.809),
            Rate("channel-row", \.channelRowTime, zen4: 0.66, zen5: 0.456),
            Rate("channel-filter", \.filterTime, avx2: 0.8, baseline: 2.5, zen5: 0.531),
            Rate("channel-far", \.farChannelTime, avx2: 1.3, zen4: 0.86, zen5: 0.42),
            Rate("channel-tap", \.filterTapTime, avx2: 1.9, baseline: 1.5, zen4: 0.65, zen5: 0.085),
            Rate("channel-plane", \.filterPlaneTime, avx2: 0.7, zen4: 0.28, zen5: 0.135),
        ],
        [
            Rate("stencil", \.stencilTime, avx2: 1.9, baseline: 6, zen4: 1.37, zen5: 0.643),
            Rate("stencil-load", \.stencilLoadTime, baseline: 9, zen4: 1.37, zen5: 0.682),
        ],
        [
            Rate("stencil-gradient", \.stencilGradientTime, avx2: 1.2, baseline: 4.7, zen4: 1.12, zen5: 0.581),
            Rate("tap-sum", \.tapSumTime, avx2: 1.3, baseline: 1.5, zen4: 1.12, zen5: 0.853),
        ],
        [
            Rate("stencil-call", \.stencilCallTime, avx2: 0.8, zen4: 0.75, zen5: 0.609),
            Rate("stencil-add", \.stencilAddTime, avx2: 0.7, zen4: 0.35, zen5: 0.279),
            Rate("pad", \.padTime, avx2: 2, zen4: 0.75, zen5: 0.614),
            Rate("spread", \.spreadTime, avx2: 1.3, zen4: 0.75, zen5: 0.615),
            Rate("element", \.elementTime, avx2: 0.7, zen4: 0.75, zen5: 0.41),
            Rate("far-element", \.farElementTime, avx2: 0.6, zen4: 0.75, zen5: 0.534),
        ],
        [Rate("shifted-product", \.shiftedTime, avx2: 2.05, baseline: 6.2, zen4: 1.62, zen5: 0.74)],
        [Rate("turn", \.turnTime, avx2: 0.85, zen4: 0.77, zen5: 0.498)],
        [Rate("entry", \.entryTime, zen4: 1.2, zen5: 1.08)],
        [Rate("reference-f32", \.singleReferenceRate, zen5: 1.61)],
        [Rate("reference-f64", \.doubleReferenceRate, zen5: 3.05)],
        // Waking a thread takes 1.7 µs at its best; what it costs to share a call is more (`Docs/Measurements/2026-11-23-choice.md`).
        [Rate("thread-start", \.threadStartTime, zen4: 0.7, zen5: 0.34)],
    ]

    /// What FFTW's passes cost, which are measured alone.
    package static let passRates: [Rate] =
        TransformLength.passTimes.indices.flatMap { index in
            let entry = TransformLength.passTimes[index]
            let contiguous = Rate.pass(
                "pass-\(entry.length)", \.passTimes.contiguous[index], avx2: entry.avx2.contiguous / entry.contiguous,
                zen4: TransformLength.zen4Passes[entry.length] ?? 0.56)
            guard let columns = entry.columns else { return [contiguous] }
            return [
                contiguous,
                Rate.pass(
                    "pass-\(entry.length)-columns", \.passTimes.columns[index]!,
                    avx2: (entry.avx2.columns ?? columns) / columns,
                    zen4: TransformLength.zen4Columns[entry.length] ?? 0.62),
            ]
        } + [
            Rate.pass("pass-longer", \.passTimes.beyond, zen4: 0.69, zen5: 0.37 * 0.69),
            Rate.pass("pass-single", \.passTimes.single, zen4: 0.53),
        ]

    private var singleReferenceRate: Double {
        get { referenceRate[.float32] ?? 0.5e9 }
        set { referenceRate[.float32] = newValue }
    }
    private var doubleReferenceRate: Double {
        get { referenceRate[.float64] ?? 0.1e9 }
        set { referenceRate[.float64] = newValue }
    }
}
