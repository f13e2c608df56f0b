import Foundation
import Testing

// Rows N1 to N35 of the catalogue of bad inputs: what an .npy file may hold that is not an array.

@Suite struct BadNumPyFileTests {
    static let rows: [BadInput] = [
        .file("N1", Data(), "at least 10 bytes"),
        .file("N2", Data([0x93, 0x4E, 0x55]), "at least 10 bytes"),
        .file("N2b", Data([0x93] + Array("NUMPY".utf8) + [1, 0, 8]), "at least 10 bytes"),
        .file("N3", Data("this is plain text".utf8), "not an .npy file"),
        .file("N3b", Data("PK\u{3}\u{4} and the rest of an archive".utf8), ".npz"),
        .file("N4", NumPyBytes.file(NumPyBytes.header(), data: 16, version: (1, 1)), "1.0, 2.0"),
        .file("N4b", NumPyBytes.file(NumPyBytes.header(), data: 16, version: (9, 0)), "1.0, 2.0"),
        .file("N5", NumPyBytes.file(NumPyBytes.header(), data: 16, declaredLength: 60000), "header"),
        .file("N6", NumPyBytes.file("", data: 0, version: (2, 0), declaredLength: 0xFFFF_FFF0), "header"),
        .file("N7", NumPyBytes.file("", data: 16), "header"),
        .file("N8", NumPyBytes.file(String(repeating: " ", count: 60000), data: 16), "header"),
        .file("N8b", NumPyBytes.file(String(repeating: "(", count: 5000), data: 16), "header"),
        .file("N9", NumPyBytes.file("[1, 2]\n", data: 16), "header"),
        .file("N9b", NumPyBytes.file("{'descr': '<f4', 'fortran_order': False\n", data: 16), "header"),
        .file("N10", NumPyBytes.file("{'descr': '<f4', 'shape': (2, 2), }\n", data: 16), "fortran_order"),
        .file(
            "N10b",
            NumPyBytes.file(
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), 'more': 1}\n", data: 16), "more"),
        .file(
            "N11",
            NumPyBytes.file(
                "{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }\n", data: 16), "twice"),
        .file("N12", NumPyBytes.file(NumPyBytes.header(shape: "[2, 2]"), data: 16), "shape"),
        .file("N12b", NumPyBytes.file(NumPyBytes.header(shape: "None"), data: 16), "shape"),
        .file("N13", NumPyBytes.file(NumPyBytes.header(shape: "(-2, -2)"), data: 16), "-2"),
        .file("N14", NumPyBytes.file(NumPyBytes.header(shape: "(0x2, 2)"), data: 16), "'0x2'"),
        .file("N14b", NumPyBytes.file(NumPyBytes.header(shape: "(2.0, 2)"), data: 16), "'2.0'"),
        .file(
            "N15", NumPyBytes.file(NumPyBytes.header(shape: "(9223372036854775808, 1)"), data: 16),
            "9223372036854775807"),
        .file("N16", NumPyBytes.file(NumPyBytes.header(shape: "(4294967296, 4294967296)"), data: 16), "overflow"),
        .file("N17", NumPyBytes.file(NumPyBytes.header(shape: "(4611686018427387904, 1)"), data: 16), "overflow"),
        .file(
            "N18", NumPyBytes.file(NumPyBytes.header(shape: "(100000, 100000)"), data: 16), "needs 40000000128 bytes"),
        .file("N19", NumPyBytes.file(NumPyBytes.header(), data: 17), "1 extra byte"),
        .file("N20", NumPyBytes.file(NumPyBytes.header(), data: 15), "needs 144 bytes, file has 143"),
        .file(
            "N21", NumPyBytes.file(NumPyBytes.header(shape: "(\(String(repeating: "1, ", count: 33)))"), data: 4),
            "dim"),
        .file("N22", NumPyBytes.file(NumPyBytes.header(shape: "()"), data: 4), "at least 1 dim"),
        .file("N23", NumPyBytes.file(NumPyBytes.header(shape: "(0, 4)"), data: 0), "must be ≥ 1", status: 4),
        .file("N25", NumPyBytes.file(NumPyBytes.header(dtype: "'|O'"), data: 16), "object"),
        .file("N26", NumPyBytes.file(NumPyBytes.header(dtype: "'<c8'"), data: 32), "c8"),
        .file("N26b", NumPyBytes.file(NumPyBytes.header(dtype: "'<i8'"), data: 32), "i8"),
        .file("N26c", NumPyBytes.file(NumPyBytes.header(dtype: "'<U8'"), data: 128), "U8"),
        .file("N27", NumPyBytes.file(NumPyBytes.header(dtype: "[('a', '<f4')]"), data: 16), "dtype"),
        .file("N29", NumPyBytes.file(NumPyBytes.header(dtype: "'|f4'"), data: 16), "|f4"),
        .file("N31", NumPyBytes.file(NumPyBytes.header(fortran: "1"), data: 16), "True or False"),
        .file("N31b", NumPyBytes.file(NumPyBytes.header(fortran: "true"), data: 16), "True or False"),
        .file("N32", NumPyBytes.file(NumPyBytes.header(dtype: "'<f4\0'"), data: 16), "header"),
    ]

    @Test(arguments: rows)
    func isRefused(row: BadInput) throws { try row.check() }

    /// N23, N24: extents of zero beside the batch, in every command, in the user's own shapes.
    @Test func extentsOfZeroAreRefusedByEveryCommand() throws {
        let shapes = [
            "a0": [0], "a5": [5], "m04": [0, 4], "huge": [0, .max], "xc": [1, 0, 4, 4], "xs": [1, 2, 0, 4],
            "one": [2, 0, 4], "wk": [0, 2, 2, 2], "wc": [2, 0, 2, 2], "ws": [2, 2, 2, 0], "ds": [1, 2, 3, 0],
        ]
        let spatial = [("a0 a5", "A", "[0]"), ("a5 a0", "B", "[0]"), ("m04 k", "A", "[0, 4]")]
        let pairs = spatial + [("k m04", "B", "[0, 4]"), ("huge k", "A", "[0, 9223372036854775807]")]
        var rows: [(line: String, message: String)] = []
        for command in ["convolve", "correlate"] {
            for mode in ["full", "same", "valid"] {
                rows += pairs.map { ("\(command) \($0.0) -o out.npy --mode \(mode)", "\($0.1) shape: got \($0.2)") }
            }
        }
        for (operands, message) in [
            ("a0 a5", "input shape: got [0]"), ("a5 a0", "filter shape: got [0]"),
            ("xc w", "input shape: got [1, 0, 4, 4]"), ("xs w", "input shape: got [1, 2, 0, 4]"),
            ("one w", "input shape: got [2, 0, 4]"), ("x wk", "filter shape: got [0, 2, 2, 2]"),
            ("x wc", "filter shape: got [2, 0, 2, 2]"), ("x ws", "filter shape: got [2, 2, 2, 0]"),
        ] {
            rows += ["forward \(operands) -o out.npy", "transposed \(operands) -o out.npy"].map { ($0, message) }
        }
        rows += [
            ("input-gradient ds w -o out.npy --input-shape 1,2,4,4", "output gradient shape: got [1, 2, 3, 0]"),
            ("input-gradient dy w -o out.npy --input-shape 1,0,4,4", "--input-shape: got 1,0,4,4"),
            ("filter-gradient xs dy -o out.npy --filter-shape 2,2,2,2", "input shape: got [1, 2, 0, 4]"),
            ("backward x ws dy --filter-gradient out.npy", "filter shape: got [2, 2, 2, 0]"),
        ]
        for (line, message) in rows {
            // The operands that are no options or outputs are files.
            let words = line.split(separator: " ").enumerated().map { index, word in
                index > 0 && (shapes[String(word)] != nil || ["k", "w", "x", "dy"].contains(word))
                    ? word + ".npy" : word
            }
            try BadInput("N23", words.joined(separator: " "), 4, message) { folder in
                for (name, shape) in shapes {
                    let count = shape.contains(0) ? 0 : shape.reduce(1, *)
                    let header = NumPyBytes.header(shape: "(\(shape.map { "\($0)," }.joined()))")
                    try folder.write(NumPyBytes.file(header, data: 4 * count), "\(name).npy")
                }
            }.check()
        }
    }

    /// N23, P20: an empty batch is a batch: empty outputs, gradients of zero.
    @Test func anEmptyBatchIsNoError() throws {
        let folder = try Folder()
        try folder.write([0, 2, 4, 4], [Float](), "x.npy")
        try folder.write([2, 2, 2, 2], counting(16), "w.npy")
        try folder.write([0, 2, 3, 3], [Float](), "dy.npy")
        for (line, shape) in [
            ("forward x.npy w.npy -o y.npy", [0, 2, 3, 3]), ("transposed dy.npy w.npy -o y.npy", [0, 2, 4, 4]),
            ("input-gradient dy.npy w.npy --input-shape 0,2,4,4 -o y.npy", [0, 2, 4, 4]),
            ("filter-gradient x.npy dy.npy --filter-shape 2,2,2,2 -o y.npy", [2, 2, 2, 2]),
            ("backward x.npy w.npy dy.npy --filter-gradient y.npy --bias-gradient b.npy", [2, 2, 2, 2]),
        ] {
            let outcome = try Tool.run(line.split(separator: " ").map(String.init), in: folder)
            #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(line): \(outcome.errors)")
            let array = try folder.array("y.npy")
            #expect(array.shape == shape && array.rounded.allSatisfy { $0 == 0 }, "\(line)")
        }
    }

    /// N28, N30, N33: odd, but right.
    @Test func unpaddedHeaderIsRead() throws {
        let folder = try Folder()
        let header = "{'descr': '>f4', 'fortran_order': True, 'shape': (2, 2), }\n"
        // 1 in big-endian, three times 0: element [0, 0] of either order.
        var bytes = NumPyBytes.file(header, data: 16)
        bytes.replaceSubrange(bytes.count - 16..<bytes.count - 12, with: [0x3F, 0x80, 0, 0])
        try folder.write(bytes, "x.npy")
        try folder.write([1, 1], [3] as [Float], "w.npy")
        let outcome = try Tool.run(["forward", "x.npy", "w.npy", "-o", "y.npy"], in: folder)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try folder.array("y.npy").rounded == [3, 0, 0, 0])
    }
}
