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
        /// And with AVX-512 on AMD's processors (`2026-11-26-zen4.md`; those of channels: `2026-11-27-teams.md`, their passes and what a stencil adds: `2026-11-27-quiet.md`).
        private(set) var amd: Double

        init(
            _ name: String, _ path: RatePath, avx2: Double = 1, baseline: Double = 1, amd: Double = 1
        ) {
            self.name = name
            self.path = path
            self.avx2 = avx2
            self.baseline = baseline
            self.amd = amd
        }

        /// Rates of one group, which were fitted together.
        fileprivate static func group(amd: Double, _ rates: [Rate]) -> [Rate] {
            rates.map { rate in
                var rate = rate
                rate.amd = amd
                return rate
            }
        }
    }

    /// All that are measured but for those of passes.
    package static let rates: [Rate] = fittedRates.flatMap(\.self)

    /// Those that are fitted to the times of whole calls. Rates of one group keep their proportions: whole calls tell their sum
    /// and not their shares. (Fitted one by one they were right for the calls of the fit, and for others not: 2026-11-23, the
    /// choice for `n4c64i56x56_k64f15x15_psame` took 2.3 times as long as the best.)
    static let fittedRates: [[Rate]] = [
        [
            Rate("rotation", \.rotationTime, avx2: 1.8, baseline: 2),
            Rate("copy", \.copyTime, avx2: 0.78, baseline: 1.8),
            Rate("gather", \.gatherTime, avx2: 0.82, baseline: 1.48, amd: 1.6),
            Rate("call", \.callTime, avx2: 0.6, amd: 0.4),
            Rate("block", \.blockTime, avx2: 1.9, amd: 1.6),
            Rate("row", \.rowTime, avx2: 2.4),
        ],
        [Rate("product", \.productTime, avx2: 0.75, baseline: 1.8, amd: 0.6)],
        [
            Rate("matrix-product", \.productRate, avx2: 1.95, baseline: 5.2, amd: 1.51),
            Rate("channel-pass", \.channelPassTime, avx2: 0.52, baseline: 1.2, amd: 0.351),
            Rate("channel-term", \.channelTermTime, avx2: 1.42, baseline: 3.6, amd: 0.77),
            Rate("channel-move", \.channelMoveTime, avx2: 0.7, baseline: 1.3, amd: 0.83),
            Rate("channel-row", \.channelRowTime, amd: 0.66),
            Rate("channel-filter", \.filterTime, avx2: 0.8, baseline: 2.5),
            Rate("channel-far", \.farChannelTime, avx2: 1.3, amd: 0.86),
            Rate("channel-tap", \.filterTapTime, avx2: 1.9, baseline: 1.5, amd: 0.65),
            Rate("channel-plane", \.filterPlaneTime, avx2: 0.7, amd: 0.28),
        ],
        Rate.group(
            amd: 1.37,
            [
                Rate("stencil", \.stencilTime, avx2: 1.9, baseline: 6),
                Rate("stencil-load", \.stencilLoadTime, baseline: 9),
            ]),
        Rate.group(
            amd: 1.12,
            [
                Rate("stencil-gradient", \.stencilGradientTime, avx2: 1.2, baseline: 4.7),
                Rate("tap-sum", \.tapSumTime, avx2: 1.3, baseline: 1.5),
            ]),
        [
            Rate("stencil-call", \.stencilCallTime, avx2: 0.8, amd: 0.75),
            Rate("stencil-add", \.stencilAddTime, avx2: 0.7, amd: 0.35),
            Rate("pad", \.padTime, avx2: 2, amd: 0.75),
            Rate("spread", \.spreadTime, avx2: 1.3, amd: 0.75),
            Rate("element", \.elementTime, avx2: 0.7, amd: 0.75),
            Rate("far-element", \.farElementTime, avx2: 0.6, amd: 0.75),
        ],
        [Rate("shifted-product", \.shiftedTime, avx2: 2.05, baseline: 6.2, amd: 1.62)],
        [Rate("turn", \.turnTime, avx2: 0.85, amd: 0.77)],
        [Rate("entry", \.entryTime, amd: 1.2)],
        [Rate("reference-f32", \.singleReferenceRate)],
        [Rate("reference-f64", \.doubleReferenceRate)],
        // Waking a thread takes 1.7 µs at its best; what it costs to share a call is more (`Docs/Measurements/2026-11-23-choice.md`).
        [Rate("thread-start", \.threadStartTime, amd: 0.7)],
    ]

    /// What FFTW's passes cost, which are measured alone.
    package static let passRates: [Rate] =
        TransformLength.passTimes.indices.flatMap { index in
            let entry = TransformLength.passTimes[index]
            let contiguous = Rate(
                "pass-\(entry.length)", \.passTimes.contiguous[index],
                avx2: entry.avx2.contiguous / entry.contiguous,
                amd: TransformLength.amdPasses[entry.length] ?? 0.56)
            guard let columns = entry.columns else { return [contiguous] }
            return [
                contiguous,
                Rate(
                    "pass-\(entry.length)-columns", \.passTimes.columns[index]!,
                    avx2: (entry.avx2.columns ?? columns) / columns,
                    amd: TransformLength.amdColumns[entry.length] ?? 0.62),
            ]
        } + [Rate("pass-longer", \.passTimes.beyond, amd: 0.69)]
        + TransformLength.lineTimes.indices.map { index in
            let length = TransformLength.lineTimes[index].length
            return Rate(
                "line-\(length)", \.passTimes.lines[index], amd: TransformLength.amdLines[length] ?? 0.55)
        }

    private var singleReferenceRate: Double {
        get { referenceRate[.float32] ?? 0.5e9 }
        set { referenceRate[.float32] = newValue }
    }
    private var doubleReferenceRate: Double {
        get { referenceRate[.float64] ?? 0.1e9 }
        set { referenceRate[.float64] = newValue }
    }
}
