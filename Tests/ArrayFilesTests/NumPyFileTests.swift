import ArrayFiles
import Testing

/// The bytes of an `.npy` file put together by hand, so that the tests do not lean on the writer.
struct HandMadeFile {
    var version: (UInt8, UInt8) = (1, 0)
    var descr = "'<f4'"
    var order = "False"
    var shape = "(2, 3)"
    /// The whole dictionary, where a test wants it different.
    var dictionary: String?
    var headerEnd = "\n"
    /// The length field, where it should lie.
    var headerLength: Int?
    var data = [UInt8](repeating: 0, count: 24)

    var bytes: [UInt8] {
        let text = dictionary ?? "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }"
        let header = Array((text + headerEnd).utf8)
        let length = headerLength ?? header.count
        let lengthBytes = (0..<(version.0 > 1 ? 4 : 2)).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        return [0x93] + "NUMPY".utf8 + [version.0, version.1] + lengthBytes + header + data
    }
}

/// The bytes of numbers in one byte order.
func bytes<Value: FixedWidthInteger>(_ values: [Value], bigEndian: Bool = false) -> [UInt8] {
    values.flatMap { value in
        let little = (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Value($0 * 8)) }
        return bigEndian ? little.reversed() : little
    }
}

struct NumPyFileTests {
    // MARK: Reading what is allowed

    @Test func everyVersionIsRead() throws {
        for major: UInt8 in 1...3 {
            let array = try NumPyFile.parse(HandMadeFile(version: (major, 0)).bytes, name: "x")
            #expect(array == NumPyArray(shape: [2, 3], elements: .float32([0, 0, 0, 0, 0, 0])))
        }
    }

    @Test(arguments: [false, true])
    func floatsAreReadInBothByteOrders(bigEndian: Bool) throws {
        let mark = bigEndian ? ">" : "<"
        let floats: [Float] = [1.5, -0.0, .infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -3]
        let single = HandMadeFile(
            descr: "'\(mark)f4'", data: bytes(floats.map { $0.bitPattern }, bigEndian: bigEndian))
        #expect(try NumPyFile.parse(single.bytes, name: "x").elements == .float32(floats))

        let doubles: [Double] = [1.5, -0.0, .infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -3]
        let double = HandMadeFile(
            descr: "'\(mark)f8'", data: bytes(doubles.map { $0.bitPattern }, bigEndian: bigEndian))
        #expect(try NumPyFile.parse(double.bytes, name: "x").elements == .float64(doubles))
    }

    @Test(arguments: [false, true])
    func payloadsOfNaNsSurvive(bigEndian: Bool) throws {
        // A signalling NaN: arithmetic, or a load into a register of the wrong kind, would make it quiet.
        let patterns: [UInt32] = [0x7F80_0001, 0xFFC0_1234]
        let file = HandMadeFile(
            descr: bigEndian ? "'>f4'" : "'<f4'", shape: "(2,)", data: bytes(patterns, bigEndian: bigEndian))
        guard case .float32(let values) = try NumPyFile.parse(file.bytes, name: "x").elements else {
            Issue.record("not float32")
            return
        }
        #expect(values.map { $0.bitPattern } == patterns)
    }

    @Test(arguments: [false, true])
    func integersAreConvertedExactly(bigEndian: Bool) throws {
        func check<Value: FixedWidthInteger>(_ type: String, _ values: [Value]) throws {
            let mark = Value.bitWidth == 8 ? "|" : bigEndian ? ">" : "<"
            let file = HandMadeFile(
                descr: "'\(mark)\(type)'", shape: "(\(values.count),)", data: bytes(values, bigEndian: bigEndian))
            #expect(try NumPyFile.parse(file.bytes, name: "x").elements == .float64(values.map { Double($0) }))
        }
        try check("i1", [Int8.min, -1, 0, Int8.max])
        try check("i2", [Int16.min, -1, 0, 256, Int16.max])
        try check("i4", [Int32.min, -1, 0, 0x0102_0304, Int32.max])
        try check("u1", [UInt8.min, 1, UInt8.max])
        try check("u2", [UInt16.min, 1, UInt16.max])
        try check("u4", [UInt32.min, 0x0102_0304, UInt32.max])
    }

    @Test func booleansAreZeroAndOne() throws {
        let file = HandMadeFile(descr: "'|b1'", shape: "(3,)", data: [0, 1, 255])
        #expect(try NumPyFile.parse(file.bytes, name: "x").elements == .float64([0, 1, 1]))
    }

    #if !(os(macOS) && arch(x86_64))
        @Test func everyHalfIsConvertedExactly() throws {
            let patterns = Array(UInt16.min...UInt16.max)
            let file = HandMadeFile(descr: "'<f2'", shape: "(65536,)", data: bytes(patterns))
            guard case .float32(let values) = try NumPyFile.parse(file.bytes, name: "x").elements else {
                Issue.record("not float32")
                return
            }
            for (pattern, value) in zip(patterns, values) {
                let expected = Float(Float16(bitPattern: pattern))
                let isEqual = expected.isNaN ? value.isNaN : value.bitPattern == expected.bitPattern
                if !isEqual { Issue.record("half \(pattern) became \(value)") }
            }
        }
    #endif

    @Test(arguments: [
        [6], [2, 3], [3, 2], [2, 3, 4], [4, 1, 3, 2], [1, 5], [5, 1], [2, 2, 2, 2, 2, 2, 2, 2], [70, 33], [33, 2, 70],
    ])
    func fortranOrderIsTransposed(shape: [Int]) throws {
        // Element values are their index in C order; the file holds them in the order of the first axis first.
        let count = shape.reduce(1, *)
        let stored = (0..<count).map { position in
            var (rest, index) = (position, 0)
            for (axis, extent) in shape.enumerated() {
                index += rest % extent * shape[(axis + 1)...].reduce(1, *)
                rest /= extent
            }
            return UInt32(index)
        }
        let file = HandMadeFile(
            descr: "'<u4'", order: "True", shape: "(\(shape.map { "\($0)," }.joined()))", data: bytes(stored))
        let array = try NumPyFile.parse(file.bytes, name: "x")
        #expect(array.shape == shape)
        #expect(array.elements == .float64((0..<count).map { Double($0) }))
    }

    @Test(arguments: [
        HandMadeFile(descr: "'=f4'"),  // N29: native
        HandMadeFile(descr: "'f4'"),
        HandMadeFile(headerEnd: ""),  // N32: no newline
        HandMadeFile(headerEnd: "\r\n"),
        HandMadeFile(headerEnd: " \n"),  // N33: no multiple of 16
        HandMadeFile(shape: "( 2 ,3,)"),
        HandMadeFile(dictionary: "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}"),
        HandMadeFile(dictionary: " { 'shape' : (2,3) , 'fortran_order' : False , 'descr' : '<f4' , } "),
    ])
    func headersThatOtherWritersMakeAreRead(file: HandMadeFile) throws {
        let array = try NumPyFile.parse(file.bytes, name: "x")
        #expect(array == NumPyArray(shape: [2, 3], elements: .float32([0, 0, 0, 0, 0, 0])))
    }

    @Test(arguments: [("(0, 3, 8, 8)", [0, 3, 8, 8]), ("(0, 9223372036854775807)", [0, Int.max])])  // N23, N24
    func emptyArraysAreRead(text: String, shape: [Int]) throws {
        for order in ["True", "False"] {
            let file = HandMadeFile(order: order, shape: text, data: [])
            #expect(try NumPyFile.parse(file.bytes, name: "x") == NumPyArray(shape: shape, elements: .float32([])))
        }
    }

    // MARK: Writing

    @Test func writtenBytesAreThoseOfNumPy() throws {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }"
        let expected =
            [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8)
            + [UInt8](repeating: 0x20, count: 117 - header.utf8.count) + [0x0A] + [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]
        let array = NumPyArray(shape: [2, 1], elements: .float32([1, -2]))
        #expect(try NumPyFile.serialize(array) == expected)
    }

    @Test(arguments: [
        ([1], 118), ([1_000_000, 1, 1], 118), ([0, 12_345_678, 12_345_678, 12_345_678, 12_345_678], 118),
        ([0, 123_456_789, 123_456_789, 123_456_789, 123_456_789, 123_456_789], 182),
    ])
    func elementsBeginAtAMultipleOf64(shape: [Int], headerLength: Int) throws {
        let elements = [Double](repeating: 0, count: shape.reduce(1, *))
        let bytes = try NumPyFile.serialize(NumPyArray(shape: shape, elements: .float64(elements)))
        #expect(Int(bytes[8]) + 256 * Int(bytes[9]) == headerLength)
        #expect((10 + headerLength) % 64 == 0)
        #expect(bytes[10 + headerLength - 1] == 0x0A)
        #expect(bytes.count == 10 + headerLength + 8 * elements.count)
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let folder = try TemporaryFolder()
        let arrays = [
            NumPyArray(shape: [2, 3], elements: .float32([1, -2, 0.1, .infinity, -0.0, .leastNonzeroMagnitude])),
            NumPyArray(shape: [4], elements: .float64([0.1, -0.0, .leastNonzeroMagnitude, -.infinity])),
            NumPyArray(shape: [3, 0], elements: .float32([])),
            NumPyArray(shape: [1, 1, 1, 1, 1, 1, 1, 1], elements: .float64([7])),
            NumPyArray(shape: [300, 1000], elements: .float32((0..<300_000).map { Float($0) })),
        ]
        for array in arrays {
            #expect(try NumPyFile.parse(NumPyFile.serialize(array), name: "x") == array)
            try NumPyFile.write(array, path: folder["a.npy"])
            #expect(try folder.bytes("a.npy") == NumPyFile.serialize(array))
            #expect(try NumPyFile.read(path: folder["a.npy"]) == array)
        }
        #expect(folder.names == ["a.npy"])
    }

    @Test(arguments: [
        ([], 1, "1 to 8 dims"), ([1, 1, 1, 1, 1, 1, 1, 1, 1], 1, "1 to 8 dims"), ([-1], 0, "0 or more"),
        ([-1, -1], 1, "0 or more"), ([2], 3, "as many elements"), ([Int.max, 2], 0, "as many elements"),
    ])
    func shapesThatDoNotFitAreNotWritten(shape: [Int], count: Int, rule: String) throws {
        let folder = try TemporaryFolder()
        let array = NumPyArray(shape: shape, elements: .float32([Float](repeating: 0, count: count)))
        for error in [
            refusal { () throws(ArrayFileError) in try NumPyFile.serialize(array) },
            refusal { () throws(ArrayFileError) in try NumPyFile.write(array, path: folder["a.npy"]) },
        ] {
            #expect(error?.kind == .unwritable)
            #expect(error?.description.contains(rule) == true)
        }
        #expect(folder.names.isEmpty)
    }

    // MARK: Streams

    @Test func aStreamIsReadToItsEnd() throws {
        let pipe = try Pipe()
        try pipe.send(HandMadeFile().bytes)
        pipe.closeWriter()
        var source = InputFile.stream(descriptor: pipe.reader, name: "standard input")
        #expect(try NumPyFile.read(&source).shape == [2, 3])
    }

    @Test func anEndlessStreamIsReadOneByteTooFar() throws {  // F5
        let pipe = try Pipe()
        try pipe.send(HandMadeFile().bytes + [1, 2, 3])
        let error = refusal { () throws(ArrayFileError) in
            var source = InputFile.stream(descriptor: pipe.reader, name: "standard input")
            return try NumPyFile.read(&source)
        }
        #expect(error?.kind == .unreadable)
        #expect(error?.description.contains("extra bytes after byte \(HandMadeFile().bytes.count)") == true)
        // The writer is still open: reading on would have waited for ever. Two of the three bytes are left.
        pipe.closeWriter()
        let rest = InputFile.stream(descriptor: pipe.reader, name: "rest")
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(try buffer.withUnsafeMutableBytes { try rest.read(into: $0) } == 2)
    }

    @Test func aStreamThatPromisesTerabytesTakesNoMemoryForThem() throws {  // N18
        let pipe = try Pipe()
        try pipe.send(HandMadeFile(descr: "'<f8'", shape: "(1000000000000,)").bytes)
        pipe.closeWriter()
        let error = refusal { () throws(ArrayFileError) in
            var source = InputFile.stream(descriptor: pipe.reader, name: "standard input")
            return try NumPyFile.read(&source)
        }
        #expect(error?.kind == .unreadable)
        let byteCount = HandMadeFile(shape: "(1000000000000,)").bytes.count
        #expect(error?.rule == "needs \(8_000_000_000_000 + byteCount - 24) bytes, file has \(byteCount)")
    }

    @Test(arguments: [-1, 1])
    func aFileThatChangesWhileItIsReadIsRefused(difference: Int) throws {  // N35
        /// A file that was found `announced` bytes long when it was opened.
        struct ChangingSource: ByteSource {
            let name = "x.npy"
            let announced: Int
            var rest: ArraySlice<UInt8>

            var byteCount: Int? { announced }

            mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
                let part = rest.prefix(buffer.count)
                buffer.copyBytes(from: part)
                rest = rest.dropFirst(part.count)
                return part.count
            }
        }
        let bytes = HandMadeFile().bytes
        let actual = difference < 0 ? bytes.dropLast() : (bytes + [0])[...]
        let error = refusal { () throws(ArrayFileError) in
            var source = ChangingSource(announced: bytes.count, rest: actual)
            return try NumPyFile.read(&source)
        }
        #expect(error?.kind == .unreadable)
        #expect(error?.rule == "file changed while reading")
    }

    // MARK: Mutants

    @Test func mutantsOfGoodFilesGiveAnArrayOrAnError() throws {
        var generator = SeededGenerator(state: 20_261_122)
        let seeds = [
            HandMadeFile().bytes,
            HandMadeFile(version: (2, 0), descr: "'>f8'", order: "True", shape: "(3, 1)").bytes,
            HandMadeFile(version: (3, 0), descr: "'<f2'", shape: "(2, 2, 3)").bytes,
            HandMadeFile(descr: "'|u1'", order: "True", shape: "(2, 3, 4)").bytes,
            HandMadeFile(descr: "'>i2'", shape: "(12,)").bytes,
        ]
        var readCount = 0
        for round in 0..<4000 {
            let mutant = mutant(of: seeds[round % seeds.count], using: &generator)
            do throws(ArrayFileError) {
                let array = try NumPyFile.parse(mutant, name: "mutant")
                #expect(array.shape.contains(0) || array.shape.reduce(1, *) == array.elements.count)
                readCount += 1
            } catch {
                #expect(error.kind == .unreadable)
                #expect(!error.description.contains("\n") || error.hint != nil)
            }
        }
        // Both answers must occur often, or the mutants test only one of them.
        #expect((100...3900).contains(readCount), "\(readCount) of 4000 were read")
    }
}
