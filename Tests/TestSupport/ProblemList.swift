package import FFTConvolution

/// The canonical problem texts that every algorithm is checked on.
///
/// The first tables are chosen by hand, each for one thing that can go wrong; the last three were drawn once by a seeded
/// generator and stay as they are. A fixed bug leaves its problem here. Each needs at most 60 000 multiplications.
package enum ProblemList {
    /// A problem with the text that names it.
    package struct Entry: Sendable {
        package let text: String
        package let problem: Problem

        /// - Throws: What `ProblemText` throws.
        package init(_ text: String) throws(ConvolutionError) {
            self.text = text
            problem = try ProblemText(text).problem
        }
    }

    /// All problems.
    ///
    /// - Throws: The error of the first text that is not a problem.
    package static func entries() throws(ConvolutionError) -> [Entry] {
        var entries: [Entry] = []
        for text in texts { entries.append(try Entry(text)) }
        return entries
    }

    /// Problems and passes whose results hold more than 30 % zeros by their geometry: outputs that see only padding,
    /// samples that the stride leaves out, taps that lie in the padding, empty batches.
    package static let mostlyZero: Set<String> = [
        "i1_f3_p1_dw", "i1x1_f3x3_p1_dw", "i1_f1_p2_fwd", "i6x5x4_f3x2x1_p1_fwd", "n0i8_f3_dw",
        "n0c2i6x6_k3f3x3_p1_dw", "n0c4i4x4x4_k2f2x2x2_g2_dw", "i9_f3_p7_fwd", "i9x9_f3x3_p5_fwd",
        "i6x7_f2x3_p4:0x0:5_fwd", "i4_f2_p20_fwd", "i5x5_f3x3_p9x0_fwd", "i10x10_f1x1_p2_fwd",
        "i6x6x6_f2x2x2_p1:2x0:3x2:0_fwd", "i3x3x3_f2x2x2_p3_fwd", "c2i8x8_k2f5x5_p6_fwd", "i29_f2_s5_dx",
        "i30_f4_s7_p3_dx", "i15x11_f2x2_s3_dx", "i20x20_f2x2_s4x5_dx", "i10x10_f3x3_s10_dx", "i10x8x6_f2x2x2_s3_dx",
        "i22x22_f1x1_s2_dx", "i19x19_f3x3_s2_p2_d2_dx", "c4i10x10_k4f3x3_s2_p2_d2_g4_dx",
        "i9x11_f3x4_s4611686018427387904_dx", "i5x7x6_f2x3x2_s2x4611686018427387904x1_dx",
    ]

    /// All texts, table after table.
    package static let texts: [String] = [
        smallest, signals, images, volumes, batches, paddings, strides, dilations, groups, channels,
        randomSignals, randomImages, randomVolumes,
    ].flatMap { $0 }

    /// Extents of 1, filters as large as the input, one output.
    private static let smallest = [
        "i1_f1", "i1x1_f1x1", "i1x1x1_f1x1x1", "i5_f5", "i5x4_f5x4", "i3x2x4_f3x2x4", "i2_f2", "i2_f1", "c3i1_k2f1",
        "n3c2i1x1_k4f1x1", "i1x9_f1x3", "i9x1_f3x1", "i1x1x7_f1x1x2", "i7x1x1_f2x1x1", "i1_f3_p1", "i1x1_f3x3_p1",
        "i1_f1_p2", "n4i6_f6", "c2i4x4_k3f4x4", "i2x2_f2x1", "i3_f2", "i3x3_f2x2",
    ]

    /// One axis: short, odd, prime and smooth lengths; long signals under short filters have many ragged tiles.
    private static let signals = [
        "i7_f3", "i8_f3", "i16_f5", "i17_f4", "i31_f31", "i64_f8", "i97_f13", "i100_f2", "i127_f31", "i128_f33",
        "i131_f64", "i257_f9", "i300_f7_pfull", "i500_f11_psame", "i1000_f3", "i1021_f5", "i1999_f3_p1", "i2048_f4",
        "i4000_f3_p2:0", "n3i333_f10", "n2c3i120_k4f9_p4", "c5i211_k3f6", "i150_f150_pfull", "i60_f101_p50",
    ]

    /// Two axes: odd, even, flat and tall filters; ragged tiles.
    private static let images = [
        "i7x7_f3x3_p1", "i8x8_f3x3", "i9x11_f2x2", "i16x16_f5x5_p2", "i17x13_f4x4", "i20x20_f8x8", "i23x29_f7x7_p3",
        "i32x32_f3x3_psame", "i33x31_f5x3", "i40x8_f1x5", "i8x40_f5x1", "i12x50_f3x9_p1x4", "i50x12_f9x3_p4x1",
        "i64x3_f3x3_p1", "i3x64_f3x3_p1", "i25x25_f6x6_psame", "i25x25_f6x6_pfull", "n5c3i10x10_k2f3x3",
        "n2c4i12x9_k6f3x3_psame", "n4i14x14_f5x5", "c7i9x9_k5f3x3_p1", "i45x37_f4x4_p1", "i70x11_f2x7",
        "i19x83_f5x2_pfull",
    ]

    /// Three axes.
    private static let volumes = [
        "i5x5x5_f3x3x3", "i6x5x4_f3x2x1_p1", "i8x8x8_f3x3x3_psame", "i7x9x6_f2x2x2_pfull", "n2c2i5x4x6_k3f2x3x2",
        "i4x16x3_f2x5x2_p1x2x0", "i10x3x3_f4x1x2", "i3x3x20_f2x2x6", "n3i6x6x6_f3x3x3_p1",
        "c3i4x5x5_k2f2x2x3_p1:0x0:1x1:1", "i12x12x12_f2x2x2", "i9x7x5_f3x3x3_s2_p1",
    ]

    /// Empty, single, even and odd batches: fields travel in pairs, and an odd one travels alone.
    private static let batches = [
        "n0i8_f3", "n0c2i6x6_k3f3x3_p1", "n0c4i4x4x4_k2f2x2x2_g2", "n2i9x9_f3x3", "n3i9x9_f3x3", "n4c2i9x9_k2f3x3",
        "n7i11x11_f4x4", "n5c3i30_k2f7", "n6i13_f4", "n9i8x8_f3x3_p1", "n8c2i20_k3f5", "n3c5i7x7_k3f3x3_p1",
    ]

    /// Padding on one side, beyond the filter, wider than the input; whole outputs that see only zeros.
    private static let paddings = [
        "i9_f3_p3:0", "i9_f3_p0:3", "i9_f3_p7", "i9x9_f3x3_p5", "i9x9_f3x3_p0:2x3:1", "i6x7_f2x3_p4:0x0:5",
        "i4_f2_p20", "i5x5_f3x3_p9x0", "i30_f5_p4:9", "i10x10_f1x1_p2", "i11x8_f4x3_p3:1x0:2",
        "i6x6x6_f2x2x2_p1:2x0:3x2:0", "i3x3x3_f2x2x2_p3", "c2i8x8_k2f5x5_p6", "i14x9_f3x5_pfull", "i40_f1_p3:2",
        "n2c3i7x5_k2f4x4_p2:3x3:2", "i1x1_f5x5_p4", "i2x3_f7x7_p5", "i13_f6_pfull", "i13_f6_psame",
    ]

    /// Strides with and without rest, larger than the filter, different for each axis.
    private static let strides = [
        "i16_f3_s2", "i17_f3_s2", "i17_f3_s3_p1", "i29_f2_s5", "i30_f4_s7_p3", "i100_f7_s4_psame", "i12x12_f3x3_s2",
        "i13x13_f3x3_s2_p1", "i15x11_f2x2_s3", "i15x11_f3x2_s2x1", "i16x9_f5x3_s1x3_p2x1", "i20x20_f2x2_s4x5",
        "i21x17_f4x4_s3x2_psame", "i10x10_f3x3_s10", "i9x9x9_f3x3x3_s2x1x3", "i10x8x6_f2x2x2_s3",
        "n2c3i14x14_k4f3x3_s2_p1", "n3c2i25_k3f6_s3_p0:4", "i22x22_f1x1_s2", "i18x18_f5x5_s2_pfull",
        "i9x11_f3x4_s4611686018427387904", "i5x7x6_f2x3x2_s2x4611686018427387904x1",
        "c4i11x11_k2f3x3_s3_psame",
    ]

    /// Dilated filters, alone and with stride, padding and groups.
    private static let dilations = [
        "i20_f3_d2", "i31_f5_p3_d4", "i50_f4_psame_d7", "i13x13_f3x3_d2", "i15x12_f3x2_p2_d2x3",
        "i16x16_f2x2_psame_d5", "i11x11_f3x3_pfull_d3", "i9x8x7_f2x2x2_d2", "i10x10x6_f3x2x2_p1_d2x1x3",
        "i24_f3_s2_p2_d3", "i19x19_f3x3_s2_p2_d2", "i17x23_f3x4_s3x2_p1:2x0:3_d2x1", "c4i12x12_k4f3x3_d2_g2",
        "n2c6i18_k6f3_p4_d3_g3", "c4i10x10_k4f3x3_s2_p2_d2_g4", "n3c2i9x9_k4f2x2_psame_d3_g2", "i7_f3_p9_d5",
        "i8x9_f1x3_d9223372036854775807x2",
    ]

    /// Groups and depthwise filters, also with a channel multiplier.
    private static let groups = [
        "c2i9x9_k2f3x3_g2", "c4i9x9_k6f3x3_p1_g2", "c6i20_k9f5_g3", "c8i8x8_k8f3x3_psame_g8",
        "n2c5i10x10_k5f4x4_p1_g5", "c4i12x12_k8f3x3_g4", "c3i40_k6f9_p4_g3", "n3c6i5x5x4_k6f2x2x2_g6",
        "c6i7x7_k4f3x3_g2", "n2c8i11_k4f3_p1_g4", "c7i13x13_k7f5x5_p2_g7", "c12i6x6_k6f3x3_p1_g6",
        "c9i25_k9f8_s2_p3_g9", "n4c4i9x9_k4f3x3_pfull_g4", "c10i8x8_k15f2x2_s2_g5", "c6i5x6x7_k3f3x2x2_p1_g3",
    ]

    /// Channels that are multiples of nothing, and more than 16 to a group: sums of two levels.
    private static let channels = [
        "c17i6x6_k3f3x3_p1", "c19i12_k5f3_p1", "c23i5x5_k2f2x2", "c3i6x6_k17f3x3_p1", "c5i11_k19f4",
        "c2i5x5_k23f2x2_p1", "c17i7_k19f3", "c18i4x4x3_k2f2x2x2", "c34i5x5_k4f3x3_p1_g2", "c40i9_k2f3",
        "c33i8_k33f2_p1", "c3i6x6_k3f3x3_p1", "c13i9x9_k11f1x1", "n2c21i5x5_k3f3x3", "c64i7_k2f3_p1",
        "c2i7_k70f3_p1", "c16i6x6_k4f3x3_p1", "c4i6x6_k16f3x3_p1", "n17c2i8_k3f3_p1", "n20i6x6_k2f3x3_p1",
        "n33i9_f4", "c48i4x4_k3f2x2",
    ]

    /// One axis, drawn at random.
    private static let randomSignals = [
        "c10i105_k4f5_s3_psame_d2_g2", "c3i175_k3f6_s2_psame", "i211_k5f1", "c3i145_k3f15_s4_psame_d3_g3",
        "n5i193_f16_s4_p14", "c23i29_f3_p2:3", "i155_k2f8_psame", "c5i123_k2f6_s3_psame", "n2i24_k18f8_s2_psame",
        "i90_k4f13_s2_psame_d3", "c3i195_k3f24_s5_g3", "c3i48_k12f10_s3_psame_g3", "n2c5i71_k3f3_s3_p2:4",
        "n3c3i129_f6_s5_p5_d2", "c3i131_k9f20_s5_g3", "n2c2i148_f9_s5_p10_d2", "n3c3i45_f17_s2_p8_d3",
        "n4i210_k2f6_s3_psame", "n2c2i105_k8f7_s2_d3_g2", "n2i162_f7_pfull_d2", "c12i72_k3f6_p4:5_g3",
        "i164_k2f12_psame", "c4i60_f14_s2_p5", "c6i130_k6f2_p4:3_d2_g3", "c14i92_k8f6_s5_psame_d3_g2",
        "c3i34_f19_p2", "i52_k5f15_s2", "n5i196_k2f4_s3_p2:5", "c12i10_k9f19_s3_psame_g3", "c4i116_f12_d3",
        "c5i39_k5f9_p3_d2", "n4c19i94_f5_s5_p1:2_d3", "n3c19i30_k4f4_s5_p6:2_d3", "n2c3i52_k6f5_pfull_d3_g3",
        "c20i86_k4f12_s4_psame_g4", "c23i64_k3f4_s5_pfull", "c8i104_k8f14_s5_psame_d3_g4", "c9i138_k3f6_s3_g3",
        "n2i105_f20_s3_p16", "n2c8i22_k6f11_d2_g2", "n5c15i52_k3f14_s5_d2_g3", "c76i17_k16f2_s3_g4",
        "i148_k2f15_p16:5", "c5i137_k4f3_s2_psame_d3", "n2c10i40_k2f5_s3_p4_g2", "c4i67_k5f7_s2_p0:5",
        "n2c4i32_k3f12_p12:2_d3", "n2c5i165_f3_s3_p2:1_d2", "c4i21_k2f21_pfull_g2", "n2c2i97_k2f20_s4_p19",
        "c4i175_f14_s5_p7_d2", "n2c5i96_f7_p3_d3", "c23i77_f20_s4_p13_d3", "n5c5i9_f17_s4_pfull", "n4c3i21_k12f8_g3",
        "n2i169_f4_psame_d2", "i169_k4f15_s2", "n5c5i39_f16_s2", "n2c12i92_k4f9_s5_p9_d3_g4", "c20i27_k4f7_pfull_g4",
        "n4c23i64_f2_s2_p2", "n2c3i60_k3f16_s2_p4:17_g3",
    ]

    /// Two axes, drawn at random.
    private static let randomImages = [
        "n4i11x11_k4f5x2_s3", "n5c2i1x10_k2f3x5_p2_g2", "c12i3x16_k3f3x5_g3", "c7i3x4_f4x5_psame",
        "n2c8i19x20_k4f5x4_s5_p2:7x0:1_g4", "c14i3x7_k8f2x6_s1x2_g2", "i9x10_k3f6x5_s4x1_pfull",
        "n2c4i1x1_k18f1x5_pfull", "c3i11x10_k2f5x2_d1x2", "c19i5x18_k2f1x4_s1x3_d2", "c3i16x17_f6x1_s3x1",
        "c4i8x14_k4f1x3_psame_d2", "n2c4i9x8_k3f1x6", "c16i11x14_k4f4x4_s3_g4", "c3i6x20_f2x3_p2_d2",
        "c19i8x6_k3f2x5_s2", "i14x12_k4f5x5_s3_psame_d2x1", "n2c2i17x3_k36f1x1_pfull_d2x1_g2",
        "n2c2i20x15_k2f3x6_s3", "c5i11x8_k2f1x3_psame_d2", "c21i2x17_k12f2x2_s3_g3", "i17x8_f5x5_p7:0x3:7_d2x3",
        "c4i11x13_f6x3", "n2i6x17_f6x3_psame", "c4i16x19_k20f1x1_d3_g4", "n2c5i10x5_k4f5x5_s3",
        "c2i20x5_k8f2x3_psame_g2", "c2i13x19_k2f1x4_psame_g2", "n2i16x8_k2f4x2", "c16i4x3_k20f2x1_psame_g4",
        "c3i6x11_k5f6x3_d1x3", "n2c2i16x6_f3x2_psame", "i15x12_f1x6_psame_d2", "n2c17i13x3_f4x1_psame_d3",
        "c2i3x11_k2f4x3_psame", "n2c6i14x4_k3f2x4_s2x3_pfull_g3", "n5i16x6_k3f4x2_d2", "n4i1x15_k3f3x4_p2",
        "c3i8x4_k3f2x5_pfull", "n2c8i2x20_k2f3x1_pfull_d2_g2", "n5c3i18x7_k3f6x4_s3_g3", "n2c4i10x2_k72f1x1_d2x1_g4",
        "n2c3i12x20_k3f2x4_s1x3_p4:0x0:1_g3", "c5i9x9_k3f3x3_s3", "i18x9_f5x6_s2x1_psame", "c4i18x5_k16f5x5_g4",
        "c19i8x10_k2f2x4_s3x1", "n5i15x13_k4f1x1", "i12x12_k2f1x3_p2:3x2:1", "i6x18_k2f5x4_s3_pfull",
        "i18x10_k3f4x3_s2_p5:2x2:3", "c23i6x4_k2f4x3_s2", "n4c3i7x11_k3f2x3_s2_g3", "n2c3i20x9_k3f3x1_p3:1x0:1_g3",
        "c7i20x10_f5x2_d2", "i15x9_k3f3x3", "n2c5i17x7_k2f1x1_d3", "i12x5_k18f5x4_s5_p5:3x6:6_d2",
        "i17x9_k3f2x3_psame", "c5i6x8_k5f2x6_s2x4_p1", "c9i16x9_k6f5x5_s3_p0:2x5:1_d2_g3",
        "n5i11x11_f5x3_s4x1_psame_d1x2", "n4c4i20x6_k12f1x6_g4", "n5c3i8x9_f5x4_s5_psame", "c5i7x4_k2f6x5_s2_psame",
        "c5i8x5_k3f1x4_pfull", "n4c5i5x14_k2f1x5_d3", "c2i10x11_k8f5x4_d1x3_g2", "n3c5i4x18_f3x4_s2x3_pfull",
        "n5c4i5x13_k12f2x5_s2_g4", "c7i7x3_f5x1_pfull", "c3i7x3_k3f3x4_s1x4_pfull", "c2i12x18_f1x3_psame_d1x2",
        "n2c3i6x4_k5f6x2", "i7x9_k4f4x6_s3x1_p4", "c7i15x4_k2f3x4_s2", "c4i20x4_k5f3x6_s3_p3", "i17x10_k5f3x3_d3",
        "c8i4x16_k10f3x1_g2", "c5i5x14_k18f5x4_s5_psame",
    ]

    /// Three axes, drawn at random.
    private static let randomVolumes = [
        "n2i8x7x2_f2x1x3_pfull_d2", "c3i5x6x4_k2f2x1x1_psame_d2", "n4c3i3x2x8_k9f3x1x3_d1x2x2_g3",
        "n2c4i6x6x3_k2f2x2x3", "i2x4x7_k4f2x2x3_psame", "n5c4i7x1x7_k2f2x1x2_pfull_d1x3x2_g2", "n5c19i1x5x8_f1x3x1",
        "n2c9i1x4x5_k12f1x2x1_pfull_d2x3x1_g3", "n5c3i1x4x2_f1x2x2_s3x1x1_pfull_d3x1x3", "c4i4x4x8_k4f3x2x3_g2",
        "n3i6x3x7_f3x1x2_pfull", "c6i8x7x2_k3f3x1x2_g3", "n2c3i6x3x8_k5f1x1x1", "i2x6x6_k4f1x1x3_pfull",
        "c23i2x1x5_f2x3x1_pfull", "i6x8x2_f3x1x2_pfull", "c23i1x6x4_k4f1x2x3", "c2i2x6x5_f2x2x2_pfull",
        "n2c21i3x6x1_k3f3x1x1_pfull_g3", "n3i5x3x5_f3x1x2_psame_d2x1x3", "n5i4x2x7_k4f1x1x2",
        "c21i4x5x7_k3f1x3x1_d3x1x3_g3", "n4c4i3x4x4_f2x1x2", "i8x4x4_k5f1x3x3", "c3i8x2x6_k3f3x2x2",
        "n3i4x4x8_k4f3x2x2_s2", "n4c3i2x6x7_f1x1x3_pfull", "n2c3i8x6x8_f2x1x3_d2x1x2", "n2c19i3x6x3_k3f3x2x3_s4x2x1",
        "n2c8i7x3x4_k4f3x3x3_s2x4x3_g4", "c2i3x1x3_k3f3x2x2_s1x3x2_pfull_d3", "n3i4x7x4_k3f1x2x3_psame",
        "c2i7x8x3_k5f3x2x3_s4x2x2", "c3i1x5x4_k54f1x3x2_s3_pfull_g3", "c12i6x6x6_k3f1x1x2_g3",
        "c3i7x3x7_f2x3x3_s1x4x3_psame", "n2c2i5x3x3_f1x3x3_psame_d2x2x1", "c17i2x5x5_f2x2x1_s2x2x1_psame",
        "i7x4x8_k2f2x2x3_s2_p1", "c5i1x6x6_k2f1x2x3_psame_d3", "n5i4x3x6_k4f1x1x2_pfull", "n4i6x7x2_k2f3x3x1_d2x1x2",
        "c7i3x7x5_k2f3x1x3", "c23i8x3x4_k2f1x1x2_d1x3x1", "n3c3i8x2x5_k9f1x3x1_psame_g3",
        "c19i7x8x2_k2f3x1x2_s4x1x2", "c17i2x7x1_k5f2x2x1", "c5i4x8x5_k2f2x2x1_d2", "c5i8x1x2_k3f2x1x3_psame",
        "n2c4i5x4x5_k2f3x2x1", "c19i2x2x7_k3f2x2x1_s4x3x1", "n2c5i3x6x3_k4f1x1x1_d3x2x2",
        "n4c28i1x5x8_k4f1x1x3_d2_g4", "c23i7x3x1_f2x2x1_d1x1x3", "n3c2i4x3x4_k2f1x3x3_psame_d2_g2",
        "c3i2x4x6_k2f1x3x2_pfull", "n2c4i3x2x7_k4f3x1x1_pfull_g4", "i5x2x3_k18f3x1x1_psame_d2x2x3",
    ]
}
