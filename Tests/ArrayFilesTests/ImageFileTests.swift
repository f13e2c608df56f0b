import ArrayFiles
import Testing

struct ImageFileTests {
    // MARK: Pictures made by hand

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + data
        let crc = ~body.reduce(0xFFFF_FFFF as UInt32) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
        return bigEndian(UInt32(data.count)) + body + bigEndian(crc)
    }

    /// The bytes in a stored (not compressed) zlib stream.
    private static func stored(_ data: [UInt8]) -> [UInt8] {
        let sums = data.reduce((UInt32(1), UInt32(0))) { sums, byte in
            let a = (sums.0 + UInt32(byte)) % 65521
            return (a, (sums.1 + a) % 65521)
        }
        let count = [UInt8(data.count & 255), UInt8(data.count >> 8)]
        return [0x78, 0x01, 0x01] + count + count.map { ~$0 } + data + bigEndian(sums.1 << 16 | sums.0)
    }

    /// A file from scratch: `rows` are the filtered bytes, a filter byte before each row.
    private static func png(
        width: UInt32, height: UInt32, depth: UInt8, color: UInt8, interlaced: Bool = false,
        extra: [UInt8] = [], rows: [UInt8]
    ) -> [UInt8] {
        let header = bigEndian(width) + bigEndian(height) + [depth, color, 0, 0, interlaced ? 1 : 0]
        return [0x89] + Array("PNG\r\n\u{1A}\n".utf8) + chunk("IHDR", header) + extra + chunk("IDAT", stored(rows))
            + chunk("IEND", [])
    }

    // MARK: Reading

    @Test func sixteenBitSamplesAreRaw() throws {
        let file = Self.png(width: 2, height: 1, depth: 16, color: 0, rows: [0, 0x01, 0x02, 0xFF, 0xFE])
        let expected = Image(width: 2, height: 1, colorModel: .grey, bitDepth: 16, samples: [0x0102, 0xFFFE])
        #expect(try ImageFile.parse(file, name: "x.png") == expected)
    }

    @Test func gammaIsNotApplied() throws {
        let gamma = Self.chunk("gAMA", Self.bigEndian(100_000)) + Self.chunk("tEXt", Array("a\0b".utf8))
        let file = Self.png(width: 3, height: 1, depth: 8, color: 0, extra: gamma, rows: [0, 0, 100, 255])
        #expect(try ImageFile.parse(file, name: "x.png").samples == [0, 100, 255])
    }

    @Test(
        arguments: [
            (1, [0b1010_0000], [255, 0, 255]), (2, [0b1101_1000], [255, 85, 170]), (4, [0x0F, 0x80], [0, 255, 136]),
        ] as [(UInt8, [UInt8], [UInt16])])
    func greyOfFewBitsIsScaledToEight(depth: UInt8, row: [UInt8], samples: [UInt16]) throws {
        let file = Self.png(width: 3, height: 1, depth: depth, color: 0, rows: [0] + row)
        let expected = Image(width: 3, height: 1, colorModel: .grey, bitDepth: 8, samples: samples)
        #expect(try ImageFile.parse(file, name: "x.png") == expected)
    }

    @Test func aPaletteBecomesColours() throws {
        let palette = Self.chunk("PLTE", [1, 2, 3, 40, 50, 60])
        let opaque = Self.png(width: 2, height: 1, depth: 8, color: 3, extra: palette, rows: [0, 1, 0])
        #expect(
            try ImageFile.parse(opaque, name: "x.png")
                == Image(width: 2, height: 1, colorModel: .rgb, bitDepth: 8, samples: [40, 50, 60, 1, 2, 3]))

        let transparent = Self.png(
            width: 2, height: 1, depth: 1, color: 3, extra: palette + Self.chunk("tRNS", [77]), rows: [0, 0b0100_0000])
        #expect(
            try ImageFile.parse(transparent, name: "x.png")
                == Image(width: 2, height: 1, colorModel: .rgba, bitDepth: 8, samples: [1, 2, 3, 77, 40, 50, 60, 255]))
    }

    @Test func aTransparentColourBecomesAlpha() throws {
        let grey = Self.png(
            width: 2, height: 1, depth: 16, color: 0, extra: Self.chunk("tRNS", [1, 2]), rows: [0, 1, 2, 1, 3])
        #expect(
            try ImageFile.parse(grey, name: "x.png")
                == Image(width: 2, height: 1, colorModel: .greyAlpha, bitDepth: 16, samples: [258, 0, 259, 65535]))
        let color = Self.png(
            width: 2, height: 1, depth: 8, color: 2, extra: Self.chunk("tRNS", [0, 1, 0, 2, 0, 3]),
            rows: [0, 1, 2, 3, 1, 2, 4])
        #expect(
            try ImageFile.parse(color, name: "x.png")
                == Image(width: 2, height: 1, colorModel: .rgba, bitDepth: 8, samples: [1, 2, 3, 0, 1, 2, 4, 255]))
    }

    @Test func interlacedPicturesAreRead() throws {
        // Adam7 of the 3 x 3 grey pixels 1...9; passes 2 and 3 have no pixel in so small a picture.
        let rows: [UInt8] = [
            0, 1,  // pass 1: row 0, column 0
            0, 3,  // pass 4: row 0, column 2
            0, 7, 9,  // pass 5: row 2, columns 0 and 2
            0, 2, 0, 8,  // pass 6: rows 0 and 2, column 1
            0, 4, 5, 6,  // pass 7: row 1
        ]
        let file = Self.png(width: 3, height: 3, depth: 8, color: 0, interlaced: true, rows: rows)
        #expect(try ImageFile.parse(file, name: "x.png").samples == [1, 2, 3, 4, 5, 6, 7, 8, 9])
    }

    // MARK: Writing

    @Test(arguments: Image.ColorModel.allCases, [8, 16])
    func whatIsWrittenIsReadBack(colorModel: Image.ColorModel, bitDepth: Int) throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(state: UInt64(colorModel.rawValue * 100 + bitDepth))
        for (width, height) in [(1, 1), (7, 3), (129, 65)] {
            let samples = (0..<width * height * colorModel.rawValue).map { _ -> UInt16 in
                UInt16.random(in: 0...(bitDepth == 8 ? 255 : 65535), using: &generator)
            }
            let image = Image(
                width: width, height: height, colorModel: colorModel, bitDepth: bitDepth, samples: samples)
            #expect(try ImageFile.parse(ImageFile.serialize(image, name: "x.png"), name: "x.png") == image)
            try ImageFile.write(image, path: folder["x.png"])
            #expect(try ImageFile.read(path: folder["x.png"]) == image)
        }
        #expect(folder.names == ["x.png"])
    }

    @Test func picturesWhoseFieldsDisagreeAreNotWritten() throws {
        let good = Image(width: 2, height: 1, colorModel: .grey, bitDepth: 8, samples: [0, 255])
        func check(_ message: String, _ change: (inout Image) -> Void) throws {
            var image = good
            change(&image)
            let folder = try TemporaryFolder()
            let error = refusal { () throws(ArrayFileError) in try ImageFile.write(image, path: folder["x.png"]) }
            #expect(error?.kind == .unwritable)
            let text = error?.description ?? ""
            #expect(text.contains(message), "said: \(text)")
            #expect(folder.names.isEmpty)
        }
        try check("got a picture of 0 x 1 pixels") { $0.width = 0 }
        try check("width and height must be 1 to 65535") { $0.height = -1 }
        try check("width and height must be 1 to 65535") { $0.width = Int.max }
        try check("got 12 bits per sample: must be 8 or 16") { $0.bitDepth = 12 }
        try check("got 2 samples: must be width x height x channels = 6") { $0.colorModel = .rgb }
        try check("got 256 in sample 1: 8-bit samples must be at most 255") { $0.samples[1] = 256 }
    }

    // MARK: Damage

    private static let sound = png(
        width: 4, height: 3, depth: 8, color: 2,
        rows: (0..<3).flatMap { row in (0...12).map { $0 == 0 ? 0 : UInt8(row * 12 + $0) } })

    @Test func aFileCutAnywhereIsRefused() throws {
        _ = try ImageFile.parse(Self.sound, name: "x.png")
        for count in 0..<Self.sound.count {
            let error = refusal { () throws(ArrayFileError) in
                try ImageFile.parse(Array(Self.sound.prefix(count)), name: "x.png")
            }
            #expect(error?.kind == .unreadable)
        }
    }

    @Test func aFlippedBitIsRefused() throws {
        // Every bit of the file is under a checksum or a fixed word.
        for position in Self.sound.indices {
            var bytes = Self.sound
            bytes[position] ^= 0x10
            let error = refusal { () throws(ArrayFileError) in try ImageFile.parse(bytes, name: "x.png") }
            #expect(error?.kind == .unreadable || error?.kind == .resourceLimit, "byte \(position)")
        }
    }

    @Test(
        arguments: [
            (Array("no picture at all".utf8), "the first 8 bytes are not those of a PNG file"),
            ([], "the first 8 bytes"),
            (png(width: 0, height: 1, depth: 8, color: 0, rows: [0]), "IHDR"),
            (png(width: 1, height: 1, depth: 3, color: 0, rows: [0, 0]), "IHDR"),
            (png(width: 1, height: 1, depth: 8, color: 3, rows: [0, 0]), "PLTE"),
            (png(width: 2, height: 2, depth: 8, color: 0, rows: [0, 1, 2]), "Not enough image data"),
            (png(width: 60000, height: 30000, depth: 8, color: 0, rows: [0, 1]), "the file ends inside the picture"),
        ] as [([UInt8], String)])
    func damageIsReportedInWords(bytes: [UInt8], message: String) throws {
        let error = refusal { () throws(ArrayFileError) in try ImageFile.parse(bytes, name: "x.png") }
        #expect(error?.kind == .unreadable)
        let text = error?.description ?? ""
        #expect(text.hasPrefix("x.png: got "))
        #expect(text.contains(message), "said: \(text)")
    }

    @Test(arguments: [(65536, 1, "at most 65535"), (1, 1 << 30, "at most 65535"), (65535, 65535, "at most 4294967296")])
    func picturesBeyondTheLimitsAreRefusedBeforeTheyTakeMemory(width: UInt32, height: UInt32, rule: String) throws {
        let file = Self.png(width: width, height: height, depth: 8, color: 6, rows: [0])
        let error = refusal { () throws(ArrayFileError) in try ImageFile.parse(file, name: "x.png") }
        #expect(error?.kind == .resourceLimit)
        #expect(error?.rule.contains(rule) == true)
    }

    @Test func mutantsOfGoodFilesGiveAPictureOrAnError() throws {
        var generator = SeededGenerator(state: 20_261_123)
        let palette = Self.chunk("PLTE", [1, 2, 3, 40, 50, 60])
        let seeds = [
            Self.sound, Self.png(width: 2, height: 1, depth: 8, color: 3, extra: palette, rows: [0, 1, 0]),
            Self.png(width: 3, height: 3, depth: 16, color: 0, interlaced: true, rows: Array(repeating: 0, count: 30)),
        ]
        for round in 0..<1500 {
            let mutant = mutant(of: seeds[round % seeds.count], using: &generator)
            do throws(ArrayFileError) {
                let image = try ImageFile.parse(mutant, name: "mutant")
                #expect(image.samples.count == image.width * image.height * image.colorModel.rawValue)
            } catch {
                #expect(error.kind != .unwritable)
            }
        }
    }

    @Test func mutantsWithSoundChecksumsGiveAPictureOrAnError() throws {
        // The checksums stop most mutants at the door; here the damage is inside them.
        var generator = SeededGenerator(state: 20_261_124)
        for _ in 0..<1500 {
            var rows = (0..<13).map { _ in UInt8.random(in: 0...255, using: &generator) }
            rows[0] %= 6
            let file = Self.png(
                width: UInt32.random(in: 0...5, using: &generator), height: UInt32.random(in: 0...5, using: &generator),
                depth: [1, 2, 4, 8, 16, 3].randomElement(using: &generator) ?? 8,
                color: UInt8.random(in: 0...7, using: &generator), interlaced: Bool.random(using: &generator),
                extra: Self.chunk("PLTE", [UInt8](repeating: 3, count: Int.random(in: 0...9, using: &generator)))
                    + Self.chunk("tRNS", [UInt8](repeating: 3, count: Int.random(in: 0...7, using: &generator))),
                rows: rows)
            do throws(ArrayFileError) {
                let image = try ImageFile.parse(file, name: "mutant")
                #expect(image.samples.count == image.width * image.height * image.colorModel.rawValue)
            } catch {
                #expect(error.kind == .unreadable)
            }
        }
    }
}
