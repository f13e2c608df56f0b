import Foundation
import Testing

// Literal values of scipy.signal.convolve and correlate, SciPy 1.17.1, for operands that tell directions apart.

@Suite struct PlainPairTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let operation: String
        let a: [Int]
        let b: [Int]
        let mode: String
        let shape: [Int]
        let values: [Float]

        init(_ operation: String, _ a: [Int], _ b: [Int], _ mode: String, _ shape: [Int], _ values: [Float]) {
            self.operation = operation
            self.a = a
            self.b = b
            self.mode = mode
            self.shape = shape
            self.values = values
        }

        var testDescription: String { "\(operation) \(a) \(b) \(mode)" }
    }

    /// a is 1, 2, 3, …; b is (i + 1)² mod 7 − 2.
    static let rows: [Row] = [
        .init("convolve", [4], [2], "full", [5], [-1, 0, 1, 2, 8]),
        .init("convolve", [4], [2], "same", [4], [-1, 0, 1, 2]),
        .init("convolve", [4], [2], "valid", [3], [0, 1, 2]),
        .init("correlate", [4], [2], "full", [5], [2, 3, 4, 5, -4]),
        .init("correlate", [4], [2], "same", [4], [2, 3, 4, 5]),
        .init("correlate", [4], [2], "valid", [3], [3, 4, 5]),
        .init("convolve", [5], [3], "full", [7], [-1, 0, 1, 2, 3, 10, 0]),
        .init("convolve", [5], [3], "same", [5], [0, 1, 2, 3, 10]),
        .init("convolve", [5], [3], "valid", [3], [1, 2, 3]),
        .init("correlate", [5], [3], "full", [7], [0, 2, 3, 4, 5, 6, -5]),
        .init("correlate", [5], [3], "same", [5], [2, 3, 4, 5, 6]),
        .init("correlate", [5], [3], "valid", [3], [3, 4, 5]),
        .init("convolve", [2], [5], "full", [6], [-1, 0, 4, 0, 2, 4]),
        .init("convolve", [2], [5], "same", [2], [4, 0]),
        .init("convolve", [2], [5], "valid", [4], [0, 4, 0, 2]),
        .init("correlate", [2], [5], "full", [6], [2, 4, 0, 2, 3, -2]),
        .init("correlate", [2], [5], "same", [2], [0, 2]),
        .init("correlate", [2], [5], "valid", [4], [4, 0, 2, 3]),
        .init("convolve", [3], [4], "full", [6], [-1, 0, 1, 6, 0, 0]),
        .init("convolve", [3], [4], "same", [3], [0, 1, 6]),
        .init("convolve", [3], [4], "valid", [2], [1, 6]),
        .init("correlate", [3], [4], "full", [6], [0, 0, 2, 3, 4, -3]),
        .init("correlate", [3], [4], "same", [3], [0, 2, 3]),
        .init("correlate", [3], [4], "valid", [2], [2, 3]),
        .init(
            "convolve", [3, 4], [2, 3], "full", [4, 6],
            [-1, 0, 1, 2, 8, 0, -5, 6, 8, 10, 21, -4, -9, 18, 16, 18, 33, -8, 0, 18, 11, 12, 13, -12]),
        .init("convolve", [3, 4], [2, 3], "same", [3, 4], [0, 1, 2, 8, 6, 8, 10, 21, 18, 16, 18, 33]),
        .init("convolve", [3, 4], [2, 3], "valid", [2, 2], [8, 10, 16, 18]),
        .init(
            "correlate", [3, 4], [2, 3], "full", [4, 6],
            [-1, 0, 1, 2, 8, 0, -5, 6, 8, 10, 21, -4, -9, 18, 16, 18, 33, -8, 0, 18, 11, 12, 13, -12]),
        .init("correlate", [3, 4], [2, 3], "same", [3, 4], [0, 1, 2, 8, 6, 8, 10, 21, 18, 16, 18, 33]),
        .init("correlate", [3, 4], [2, 3], "valid", [2, 2], [8, 10, 16, 18]),
        .init(
            "convolve", [2, 3], [3, 4], "full", [4, 6],
            [-1, 0, 1, 6, 0, 0, -2, 6, 6, 4, -8, -3, 10, 10, 5, -18, -13, 0, 8, 10, 12, 8, 10, 12]),
        .init("convolve", [2, 3], [3, 4], "same", [2, 3], [6, 6, 4, 10, 5, -18]),
        .init("convolve", [2, 3], [3, 4], "valid", [2, 2], [6, 4, 5, -18]),
        .init(
            "correlate", [2, 3], [3, 4], "full", [4, 6],
            [2, 4, 6, 2, 4, 6, 7, 6, 4, 2, 11, 18, -4, -13, -18, -6, 8, 9, 0, 0, 8, 6, 7, -6]),
        .init("correlate", [2, 3], [3, 4], "same", [2, 3], [6, 4, 2, -13, -18, -6]),
        .init("correlate", [2, 3], [3, 4], "valid", [2, 2], [4, 2, -18, -6]),
        .init("convolve", [3, 3], [2, 2], "full", [4, 4], [-1, 0, 1, 6, -4, 3, 4, 12, -7, 6, 7, 18, 0, 0, 0, 0]),
        .init("convolve", [3, 3], [2, 2], "same", [3, 3], [-1, 0, 1, -4, 3, 4, -7, 6, 7]),
        .init("convolve", [3, 3], [2, 2], "valid", [2, 2], [3, 4, 6, 7]),
        .init("correlate", [3, 3], [2, 2], "full", [4, 4], [0, 0, 0, 0, 2, 3, 4, -3, 8, 6, 7, -6, 14, 9, 10, -9]),
        .init("correlate", [3, 3], [2, 2], "same", [3, 3], [0, 0, 0, 2, 3, 4, 8, 6, 7]),
        .init("correlate", [3, 3], [2, 2], "valid", [2, 2], [3, 4, 6, 7]),
        .init(
            "convolve", [2, 4], [3, 2], "full", [4, 5],
            [-1, 0, 1, 2, 8, -5, 4, 5, 6, 16, 2, 3, 4, 5, -4, 10, 7, 8, 9, -8]),
        .init("convolve", [2, 4], [3, 2], "same", [2, 4], [-5, 4, 5, 6, 2, 3, 4, 5]),
        .init(
            "correlate", [2, 4], [3, 2], "full", [4, 5],
            [-1, 0, 1, 2, 8, -5, 4, 5, 6, 16, 2, 3, 4, 5, -4, 10, 7, 8, 9, -8]),
        .init("correlate", [2, 4], [3, 2], "same", [2, 4], [-5, 4, 5, 6, 2, 3, 4, 5]),
        .init(
            "convolve", [2, 2, 3], [2, 1, 2], "full", [3, 2, 4],
            [-1, 0, 1, 6, -4, 3, 4, 12, -7, 6, 7, 18, -10, 9, 10, 24, 0, 0, 0, 0, 0, 0, 0, 0]),
        .init("convolve", [2, 2, 3], [2, 1, 2], "same", [2, 2, 3], [-1, 0, 1, -4, 3, 4, -7, 6, 7, -10, 9, 10]),
        .init("convolve", [2, 2, 3], [2, 1, 2], "valid", [1, 2, 2], [6, 7, 9, 10]),
        .init(
            "correlate", [2, 2, 3], [2, 1, 2], "full", [3, 2, 4],
            [0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 4, -3, 8, 6, 7, -6, 14, 9, 10, -9, 20, 12, 13, -12]),
        .init("correlate", [2, 2, 3], [2, 1, 2], "same", [2, 2, 3], [0, 0, 0, 0, 0, 0, 2, 3, 4, 8, 6, 7]),
        .init("correlate", [2, 2, 3], [2, 1, 2], "valid", [1, 2, 2], [3, 4, 6, 7]),
        .init(
            "convolve", [1, 2, 2], [2, 2, 3], "full", [2, 3, 4],
            [-1, 0, 4, 0, -3, 4, 11, -2, 0, 6, 5, -4, -2, -5, 0, 4, -6, -11, 4, 12, 0, 0, 6, 8]),
        .init("convolve", [1, 2, 2], [2, 2, 3], "same", [1, 2, 2], [0, 4, 4, 11]),
        .init("convolve", [1, 2, 2], [2, 2, 3], "valid", [2, 1, 2], [4, 11, -11, 4]),
        .init(
            "correlate", [1, 2, 2], [2, 2, 3], "full", [2, 3, 4],
            [2, 4, 0, 0, 8, 11, -4, -4, 6, 5, -10, -8, -1, 0, 4, 0, -3, 4, 11, -2, 0, 6, 5, -4]),
        .init("correlate", [1, 2, 2], [2, 2, 3], "same", [1, 2, 2], [4, 0, 11, -4]),
        .init("correlate", [1, 2, 2], [2, 2, 3], "valid", [2, 1, 2], [11, -4, 4, 11]),
    ]

    @Test(arguments: rows)
    func matchesSciPy(row: Row) throws {
        let folder = try Folder()
        try folder.write(row.a, counting(row.a.reduce(1, *), from: 1), "a.npy")
        try folder.write(row.b, counting(row.b.reduce(1, *), from: 1).map { Float(Int($0 * $0) % 7 - 2) }, "b.npy")
        let outcome = try Tool.run([row.operation, "a.npy", "b.npy", "-o", "y.npy", "--mode", row.mode], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let y = try folder.array("y.npy")
        #expect(y.shape == row.shape)
        #expect(y.rounded == row.values)
    }

    @Test func fullIsTheDefaultAndOptionsApply() throws {
        let folder = try Folder()
        try folder.write([2], [1, 2] as [Double], "a.npy")
        try folder.write([2], [1, 10] as [Float], "b.npy")
        let outcome = try Tool.run(
            ["convolve", "a.npy", "b.npy", "-o", "y.npy", "--method", "direct", "--threads", "1", "--report"],
            in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try folder.array("y.npy").doubles == [1, 12, 20])
        #expect(outcome.errors.contains("problem: i2_f2_pfull_f64_fwd\n"))
        #expect(outcome.errors.contains("threads: 1\n"))
    }
}
