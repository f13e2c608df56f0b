/// The problems that `validate` checks when none are given: every feature alone, some together, in both precisions,
/// with extents on both sides of likely transform lengths.
enum ValidationList {
    static let problems = shapes + shapes.map { $0 + "_f64" }

    private static let shapes = [
        // 1-D.
        "i1_f1", "i7_f3_p1", "i64_f64", "i1000_f31", "i997_f101_pfull", "n2c3i129_k4f9_s3_psame_d2", "c6i50_k9f7_p3_g3",
        // 2-D.
        "i7x7_f3x3_p1", "i33x65_f5x9", "i16x16_f16x16", "i64x64_f31x31_psame", "n3c2i20x20_k4f5x5_p2",
        "n2c4i17x23_k6f3x5_s2x3_p1x2", "n2c4i24x24_k4f7x7_psame_g4", "c4i19x19_k8f3x3_p1:2x0:3_d2x3_g2",
        "i40x1_f9x1_p4x0", "n2i12x12_k3f2x2_s2", "i9x9_f3x3_p10", "i12x11_f3x2_s3x2_p7:0x0:9_d2x1",
        "c8i14x14_k8f1x1", "i128x96_f17x33_pfull",
        // 3-D.
        "i9x9x9_f3x3x3_p1", "c2i8x10x12_k3f3x4x5_psame", "n2c4i9x8x7_k4f3x3x3_s2_p1_g2", "i16x16x16_f5x5x5_pfull",
        "c2i11x12x13_k2f2x3x2_s1x2x3_p1_d3x1x2",
    ]
}
