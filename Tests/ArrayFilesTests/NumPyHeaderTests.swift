import ArrayFiles
import Testing

/// One row of the catalogue of bad `.npy` files: its bytes, and what the message has to say.
struct BadFile: CustomTestStringConvertible {
    let row: String
    let bytes: [UInt8]
    let message: String

    init(_ row: String, _ bytes: [UInt8], _ message: String) {
        self.row = row
        self.bytes = bytes
        self.message = message
    }

    init(_ row: String, _ file: HandMadeFile, _ message: String) {
        self.init(row, file.bytes, message)
    }

    init(_ row: String, shape: String, _ message: String) {
        self.init(row, HandMadeFile(shape: shape), message)
    }

    init(_ row: String, dictionary: String, _ message: String) {
        self.init(row, HandMadeFile(dictionary: dictionary), message)
    }

    var testDescription: String { "\(row): \(message)" }
}

struct NumPyHeaderTests {
    @Test(arguments: framing + dictionaries + shapes + dtypes)
    func aBadFileIsRefusedWithItsRule(file: BadFile) throws {
        let error = refusal { () throws(ArrayFileError) in try NumPyFile.parse(file.bytes, name: "bad.npy") }
        #expect(error?.kind == .unreadable)
        let text = error?.description ?? ""
        #expect(text.hasPrefix("bad.npy: got "))
        #expect(text.contains(file.message), "said: \(text)")
        #expect(text.utf8.count < 500)
    }

    // MARK: N1-N8, N18-N20: length, magic, version, header length

    static let framing: [BadFile] = [
        BadFile("N1", [], "got 0 bytes: an .npy file needs at least 10 bytes"),
        BadFile("N2", [0x93], "needs at least 10 bytes"),
        BadFile("N2", Array(HandMadeFile().bytes.prefix(4)), "needs at least 10 bytes"),
        BadFile("N2", Array(HandMadeFile().bytes.prefix(9)), "needs at least 10 bytes"),
        BadFile("N2", Array(HandMadeFile(version: (2, 0)).bytes.prefix(11)), "needs at least 12 bytes"),
        BadFile("N3", Array("hello, world\n".utf8), "not an .npy file"),
        BadFile("N3", [0x89] + Array("PNG\r\n\u{1A}\n0000".utf8), "hint: this is a PNG picture"),
        BadFile("N3", Array("PK\u{3}\u{4}00000000".utf8), "hint: .npz is not supported"),
        BadFile("N4", HandMadeFile(version: (1, 1)), "got version 1.1 at byte 6: version 1.0, 2.0, 3.0 only"),
        BadFile("N4", HandMadeFile(version: (2, 7)), "version 1.0, 2.0, 3.0 only"),
        BadFile("N4", HandMadeFile(version: (4, 0)), "version 1.0, 2.0, 3.0 only"),
        BadFile("N4", HandMadeFile(version: (9, 0)), "version 1.0, 2.0, 3.0 only"),
        BadFile("N4", HandMadeFile(version: (0, 0)), "version 1.0, 2.0, 3.0 only"),
        BadFile("N4", HandMadeFile(version: (255, 255)), "got version 255.255"),
        BadFile("N5", HandMadeFile(headerLength: 9000), "header ends at byte 9010 but the file has 94"),
        BadFile("N5", HandMadeFile(version: (2, 0), headerLength: 9000), "header ends at byte 9012 but"),
        BadFile(
            "N6", Array(HandMadeFile(version: (2, 0), headerLength: 0xFFFF_FFF0).bytes.prefix(12)),
            "got a header of 4294967280 bytes: at most 65536"),
        BadFile("N6", HandMadeFile(version: (3, 0), headerLength: 65537), "at most 65536"),
        BadFile("N7", HandMadeFile(headerLength: 0), "header is empty"),
        BadFile("N7", HandMadeFile(headerLength: 1), "header is empty"),
        BadFile("N8", dictionary: String(repeating: " ", count: 60_000), "cannot parse header at offset 60011"),
        BadFile("N8", dictionary: String(repeating: "(", count: 5000), "cannot parse header at offset 10"),
        BadFile("N18", HandMadeFile(shape: "(10000000000,)"), "needs 40000000078 bytes, file has 102"),
        BadFile("N19", HandMadeFile(data: [UInt8](repeating: 0, count: 27)), "got 3 extra bytes: must end"),
        BadFile("N20", HandMadeFile(data: [UInt8](repeating: 0, count: 23)), "needs 94 bytes, file has 93"),
    ]

    // MARK: N9-N11, N31, N32: the dictionary

    static let dictionaries: [BadFile] = [
        BadFile("N9", dictionary: "['descr']", "got '[': cannot parse header at offset 10: expected '{'"),
        BadFile("N9", dictionary: "{'descr': '<f4'", "got the end of the header: cannot parse header at offset 26"),
        BadFile("N9", dictionary: "{'descr': '<f4' 'fortran_order': False}", "offset 26: expected ',' or '}'"),
        BadFile("N9", dictionary: "{'descr' '<f4'}", "cannot parse header at offset 19: expected ':'"),
        BadFile("N9", dictionary: "{descr: '<f4'}", "cannot parse header at offset 11: expected a key in quotes"),
        BadFile("N9", dictionary: "{'descr': '<f4", "expected the quote that ends a text"),
        BadFile("N9", dictionary: "{'descr': '<f\\x34'}", "got '\\': cannot parse header at offset 23"),
        BadFile("N9", dictionary: "{'descr': 4}", "cannot parse header at offset 20: expected a dtype in quotes"),
        BadFile(
            "N9", dictionary: "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} + 1",
            "expected nothing after '}'"),
        BadFile("N9", dictionary: "{, }", "cannot parse header at offset 11"),
        BadFile("N10", dictionary: "{}", "got no 'descr': header keys must be exactly descr, fortran_order, shape"),
        BadFile("N10", dictionary: "{'descr': '<f4', 'shape': (2, 3)}", "got no 'fortran_order': header keys"),
        BadFile("N10", dictionary: "{'descr': '<f4', 'fortran_order': False}", "got no 'shape': header keys"),
        BadFile(
            "N10", dictionary: "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}",
            "got key 'x' at byte 68: header keys must be exactly"),
        BadFile(
            "N11", dictionary: "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}",
            "key 'descr' given twice"),
        BadFile(
            "N11", dictionary: "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'shape': (6,)}",
            "key 'shape' given twice"),
        BadFile("N31", HandMadeFile(order: "1"), "fortran_order must be True or False"),
        BadFile("N31", HandMadeFile(order: "'True'"), "fortran_order must be True or False"),
        BadFile("N31", HandMadeFile(order: "true"), "got fortran_order 'true' at byte 44: fortran_order must be"),
        BadFile("N31", HandMadeFile(order: ""), "fortran_order must be True or False"),
        BadFile("N32", HandMadeFile(headerEnd: "\0"), "got '\\x00' at byte 69: header must be ASCII without NUL"),
        BadFile("N32", HandMadeFile(headerEnd: "é\n"), "got '\\xc3' at byte 69: header must be ASCII"),
        BadFile("N32", HandMadeFile(version: (3, 0), headerEnd: "\0\n"), "header must be UTF-8 without NUL"),
        BadFile("N32", HandMadeFile(version: (3, 0), headerEnd: "é\n"), "cannot parse header at offset 71"),
        BadFile("N32", invalidUTF8, "got bytes that are not UTF-8: header must be UTF-8"),
    ]

    private static var invalidUTF8: [UInt8] {
        var bytes = HandMadeFile(version: (3, 0)).bytes
        bytes[20] = 0xFF
        return bytes
    }

    // MARK: N12-N17, N21, N22: the shape

    static let shapes: [BadFile] = [
        BadFile("N12", shape: "[2, 3]", "shape must be a tuple of non-negative integers"),
        BadFile("N12", shape: "6", "got shape '6' at byte 60: shape must be a tuple of non-negative integers"),
        BadFile("N12", shape: "'(2, 3)'", "shape must be a tuple of non-negative integers"),
        BadFile("N12", shape: "None", "shape must be a tuple of non-negative integers"),
        BadFile("N12", shape: "True", "shape must be a tuple of non-negative integers"),
        BadFile("N12", shape: "(6)", "hint: a tuple of one is written (6,)"),
        BadFile("N12", shape: "(True, 3)", "shape must be a tuple of non-negative integers"),
        BadFile("N12", shape: "(2, None)", "got dim 1 'None' at byte 64: shape must be a tuple"),
        BadFile("N12", shape: "('2', 3)", "shape must be a tuple of non-negative integers"),
        BadFile("N12", shape: "((2, 3), 1)", "shape must be a tuple of non-negative integers"),
        BadFile("N12", shape: "(,)", "shape must be a tuple of non-negative integers"),
        BadFile("N12", shape: "(2,, 3)", "shape must be a tuple of non-negative integers"),
        BadFile("N12", shape: "(2 3)", "cannot parse header at offset 63: expected ',' or ')'"),
        BadFile("N12", shape: "(2, 3", "got '}': cannot parse header at offset 67: expected a dim or ')'"),
        BadFile("N8", shape: String(repeating: "(", count: 5000), "shape must be a tuple of non-negative integers"),
        BadFile("N13", shape: "(-1,)", "dim 0 is -1"),
        BadFile("N13", shape: "(-2, -2)", "dim 0 is -2"),
        BadFile("N13", shape: "(3, -9223372036854775809)", "dim 1 is -9223372036854775809"),
        BadFile("N14", shape: "(+2, 3)", "decimal digits only"),
        BadFile("N14", shape: "(02, 3)", "decimal digits only"),
        BadFile("N14", shape: "(0x2, 3)", "decimal digits only"),
        BadFile("N14", shape: "(1_0, 3)", "decimal digits only"),
        BadFile("N14", shape: "(2.0, 3)", "decimal digits only"),
        BadFile("N14", shape: "(2e0, 3)", "decimal digits only"),
        BadFile("N14", shape: "(2L, 3L)", "got dim 0 '2L' at byte 61: a dim must be decimal digits only"),
        BadFile("N15", shape: "(9223372036854775808,)", "larger than 9223372036854775807"),
        BadFile("N15", shape: "(1000000000000000000000000000000, 0)", "larger than 9223372036854775807"),
        BadFile("N15", shape: "(\(String(repeating: "9", count: 50_000)),)", "larger than 9223372036854775807"),
        BadFile("N16", shape: "(4294967296, 4294967296)", "element count overflows"),
        BadFile("N16", shape: "(4611686018427387905, 4)", "element count overflows"),
        BadFile("N17", shape: "(4611686018427387904,)", "byte count overflows"),
        BadFile("N17", shape: "(2305843009213693951,)", "byte count overflows"),
        BadFile("N21", shape: "(\(String(repeating: "1,", count: 9)))", "at most 8 dims"),
        BadFile("N21", shape: "(\(String(repeating: "1,", count: 33)))", "at most 8 dims"),
        BadFile("N21", shape: "(\(String(repeating: "1,", count: 1000)))", "at most 8 dims"),
        BadFile("N22", shape: "()", "needs at least 1 dim"),
    ]

    // MARK: N25-N29: the dtype

    static let dtypes: [BadFile] = [
        BadFile("N25", HandMadeFile(descr: "'|O'"), "got dtype '|O' (objects): object arrays are never read"),
        BadFile("N25", HandMadeFile(descr: "'O8'", data: [0x80, 3, 0x5D, 0x2E]), "object arrays are never read"),
        BadFile("N26", HandMadeFile(descr: "'<c8'"), "got dtype '<c8' (complex): this dtype is not supported"),
        BadFile("N26", HandMadeFile(descr: "'<c16'"), "(complex)"),
        BadFile("N26", HandMadeFile(descr: "'<U8'"), "got dtype '<U8' (text): this dtype is not supported"),
        BadFile("N26", HandMadeFile(descr: "'|S3'"), "(bytes)"),
        BadFile("N26", HandMadeFile(descr: "'<M8[ns]'"), "(a date)"),
        BadFile("N26", HandMadeFile(descr: "'<m8'"), "(a duration)"),
        BadFile("N26", HandMadeFile(descr: "'<f16'"), "(long double)"),
        BadFile("N26", HandMadeFile(descr: "'V4'"), "(raw bytes)"),
        BadFile("N26", HandMadeFile(descr: "'<i8'"), "(64-bit integers): this dtype is not supported; use float32 or"),
        BadFile("N26", HandMadeFile(descr: "'<u8'"), "(64-bit integers)"),
        BadFile("N26", HandMadeFile(descr: "''"), "this dtype is not supported"),
        BadFile("N26", HandMadeFile(descr: "'<'"), "this dtype is not supported"),
        BadFile("N26", HandMadeFile(descr: "'<<f4'"), "this dtype is not supported"),
        BadFile(
            "N26", HandMadeFile(descr: "'float32'"),
            "got dtype 'float32' (a name): this dtype is not supported; float32 is written '<f4'"),
        BadFile("N26", HandMadeFile(descr: "'<f3'"), "(a float of another size)"),
        BadFile("N26", HandMadeFile(descr: "'\u{1B}[2J'"), "got dtype '\\u{1b}[2J'"),
        BadFile(
            "N26", HandMadeFile(descr: "'\(String(repeating: "f", count: 60_000))'"), "this dtype is not supported"),
        BadFile("N27", HandMadeFile(descr: "[('x', '<f4'), ('y', '<f4')]"), "structured dtypes are not supported"),
        BadFile("N27", HandMadeFile(descr: "('<f4', (2,))"), "got a structured dtype at byte 20"),
        BadFile("N29", HandMadeFile(descr: "'|f4'"), "the byte order '|' is for elements of one byte only"),
        BadFile("N29", HandMadeFile(descr: "'|i2'"), "the byte order '|' is for elements of one byte only"),
    ]
}
