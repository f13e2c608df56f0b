import SpectralEngine
import Testing
import TestSupport

@testable import FFTConvolution

/// Depthwise planes with channels in vectors: lines that are not full, planes in several bands, rows of more columns than one run, filters
/// too many to come in the order of memory.
@Suite struct ChannelStencilTests {
    @Test(
        arguments: [
            "n2c33i3x3_k33f37x37_psame_g33", "n3c19i40x9_k19f5x4_p2_g19", "c18i5x300_k18f3x3_psame_g18",
            "n2c17i6x9x11_k17f3x3x2_psame_g17", "n40c16i4x4_k16f2x2_g16", "c3i64_k3f9_psame_g3",
        ], [Precision.float32, .float64])
    func bitsDoNotDependOnWhoComputesThem(_ text: String, _ precision: Precision) throws {
        try expectSameBits(text, precision) { problem, pass, precision, workers in
            let geometry = DirectGeometry(problem, pass)
            return pass == .filterGradient
                ? ChannelStencilGradientLayout(geometry, precision, workers: workers)
                : ChannelStencilLayout(geometry, precision, workers: workers)
        }
    }

    @Test func bandsComeInTheOrderOfMemoryWhereFiltersAreFew() throws {
        for (text, isInOrder) in [("n2c33i3x3_k33f37x37_psame_g33", false), ("n3c40i20x20_k40f5x5_g40", true)] {
            let problem = try ProblemText(text).problem
            let layout = ChannelStencilLayout(DirectGeometry(problem, .forward), .float32, workers: 2)
            #expect(layout.isInOrder == isInOrder)
            let bands = (0..<layout.bandCount).map { layout.band($0) }
            let places = bands.map { isInOrder ? $0.n * layout.lines + $0.line : $0.line * problem.batch + $0.n }
            #expect(places == places.sorted() && Set(places).count == problem.batch * layout.lines)
        }
    }

    /// The longest chain of additions that a term may meet: its run, later runs, the sums of its chunk's bands, and chunks.
    @Test(arguments: [
        "n128c1024i14x14_k1024f3x3_psame_g1024_dw", "n128c1024i1x1000_k1024f1x3_psame_g1024_dw",
        "n128c1024i1x2400_k1024f1x3_psame_g1024_dw", "n2c16i40x130_k16f3x3_psame_g16_dw", "c16i5x5_k16f3x3_g16_dw",
    ])
    func roundingsAreThoseOfTheLongestChain(_ text: String) throws {
        let problem = try ProblemText(text).problem
        let layout = ChannelStencilGradientLayout(
            DirectGeometry(problem, .filterGradient), .float32, workers: 2)
        let columns = EvenCut(layout.geometry.result.columns, most: ChannelStencil.longestRun)
        let rowsOfRun = ChannelStencil.longestRun / columns.largest
        let runs = (layout.rows.largest + rowsOfRun - 1) / rowsOfRun
        let run = min(rowsOfRun, layout.rows.largest) * columns.largest
        #expect(
            layout.roundings >= 1 + run + (runs > 1 ? runs : 0) + layout.chunks.largest * columns.pieces
                + layout.chunks.pieces - 1)
    }
}
