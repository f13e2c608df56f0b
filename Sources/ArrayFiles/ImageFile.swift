internal import PNGBridge

/// Reads and writes PNG pictures of 8 and 16 bits per sample.
///
/// Read: every kind of PNG. A palette becomes RGB, transparent colours become an alpha channel, grey of 1, 2 and 4
/// bits is scaled to 8. Samples are raw: gamma and colour profiles are neither applied nor kept.
public enum ImageFile {
    /// Reads the picture in the regular file at `path`; `-` is standard input.
    ///
    /// - Throws: `unreadable` for a file that is no whole and sound PNG, `resourceLimit` for a picture beyond
    ///   ``Image/maximumExtent``, ``Image/maximumByteCount`` or the memory there is.
    public static func read(path: String) throws(ArrayFileError) -> Image {
        let source = try InputFile.open(path: path)
        return try parse(bytes(of: source), name: source.name)
    }

    /// Writes `image` as a PNG file at `path`, whole or not at all (see ``AtomicFile``); `-` is standard output.
    ///
    /// - Throws: `unwritable` for a picture whose fields do not go together, or where the system refuses;
    ///   `resourceLimit` where the file does not fit into memory.
    public static func write(_ image: Image, path: String) throws(ArrayFileError) {
        // The bytes belong to the encoder and outlive the closure.
        try unsafe encode(image, name: path) { bytes throws(ArrayFileError) in
            try unsafe AtomicFile.write(pieces: [bytes], path: path)
        }
    }

    // MARK: Reading

    /// A file is held whole, next to the picture in it; one larger than the largest picture is none.
    private static func bytes(of source: InputFile) throws(ArrayFileError) -> [UInt8] {
        var source = source
        return try source.allBytes(limit: Image.maximumByteCount)
    }

    /// Reads a picture from the bytes of a whole file; errors carry `name` in place of a path.
    package static func parse(_ bytes: [UInt8], name: String) throws(ArrayFileError) -> Image {
        try unsafe bytes.withUnsafeBufferPointer { bytes throws(ArrayFileError) in
            var message = PNGMessage()
            var reader: OpaquePointer?
            var info = pngbridge_info()
            // `bytes` outlives the reader, which is closed on every way out; the message is as long as the bridge asks.
            let status = unsafe message.receive {
                unsafe pngbridge_open(bytes.baseAddress, bytes.count, &reader, &info, $0)
            }
            defer { unsafe pngbridge_close(reader) }
            try message.check(status, .unreadable, name)

            let count = try sampleCount(of: info, fileByteCount: bytes.count, name: name)
            guard let colorModel = Image.ColorModel(rawValue: Int(info.channels)) else {
                throw ArrayFileError(
                    .unreadable, argument: name, value: "\(info.channels) channels", rule: "must have 1 to 4 channels")
            }
            var samples = [UInt16](repeating: 0, count: count)
            let decoded = unsafe samples.withUnsafeMutableBufferPointer { samples in
                unsafe message.receive { unsafe pngbridge_decode(reader, samples.baseAddress, samples.count, $0) }
            }
            try message.check(decoded, .unreadable, name)
            return Image(
                width: Int(info.width), height: Int(info.height), colorModel: colorModel,
                bitDepth: Int(info.bit_depth), samples: samples)
        }
    }

    /// How many samples the picture has, once it is known that they are allowed, possible, and fit into memory.
    private static func sampleCount(
        of info: pngbridge_info, fileByteCount: Int, name: String
    ) throws(ArrayFileError) -> Int {
        let (width, height) = (Int(info.width), Int(info.height))
        let value = "a picture of \(width) x \(height) pixels"
        guard max(width, height) <= Image.maximumExtent else {
            throw ArrayFileError(
                .resourceLimit, argument: name, value: value,
                rule: "width and height must be at most \(Image.maximumExtent)")
        }
        // With extents below 2^16, at most 4 channels and at most 64 bits, no product here exceeds 2^40.
        let count = width * height * Int(info.channels)
        let byteCount = count * MemoryLayout<UInt16>.stride
        guard byteCount <= Image.maximumByteCount else {
            throw ArrayFileError(
                .resourceLimit, argument: name, value: value,
                rule: "needs \(byteCount) bytes: at most \(Image.maximumByteCount) are allowed")
        }
        // Deflate packs at most 1032 bytes into one (258 bytes in 2 bits), so a small file that promises more is cut or
        // a trap; it is refused before its memory is taken.
        let storedByteCount = width * height * Int(info.stored_pixel_bits) / 8
        guard storedByteCount / 1032 <= fileByteCount else {
            throw ArrayFileError(
                .unreadable, argument: name, value: "\(fileByteCount) bytes for \(value)",
                rule: "the file ends inside the picture")
        }
        guard System.canAllocate(byteCount: byteCount) else {
            throw ArrayFileError(.resourceLimit, argument: name, value: value, rule: "must fit into memory")
        }
        return count
    }

    // MARK: Writing

    /// The bytes of the PNG file that holds `image`.
    package static func serialize(_ image: Image, name: String) throws(ArrayFileError) -> [UInt8] {
        // Copied while the encoder owns them.
        try unsafe encode(image, name: name) { bytes in unsafe Array(bytes) }
    }

    private static func encode<Result>(
        _ image: Image, name: String, _ body: (UnsafeRawBufferPointer) throws(ArrayFileError) -> Result
    ) throws(ArrayFileError) -> Result {
        try check(image, name)
        // Every field was checked to be in range just now.
        var info = pngbridge_info(
            width: UInt32(image.width), height: UInt32(image.height), channels: UInt32(image.colorModel.rawValue),
            bit_depth: UInt32(image.bitDepth), stored_pixel_bits: 0)
        var message = PNGMessage()
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        // There are as many samples as the info says; the bridge allocates the bytes, which are freed below.
        let status = unsafe image.samples.withUnsafeBufferPointer { samples in
            unsafe message.receive { unsafe pngbridge_encode(samples.baseAddress, &info, &bytes, &count, $0) }
        }
        defer { unsafe pngbridge_free(bytes) }
        try message.check(status, .unwritable, name)
        return try unsafe body(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    private static func check(_ image: Image, _ name: String) throws(ArrayFileError) {
        func refusal(_ value: String, _ rule: String) -> ArrayFileError {
            ArrayFileError(.unwritable, argument: name, value: value, rule: rule)
        }
        let extents = 1...Image.maximumExtent
        guard extents.contains(image.width), extents.contains(image.height) else {
            throw refusal(
                "a picture of \(image.width) x \(image.height) pixels",
                "width and height must be 1 to \(Image.maximumExtent)")
        }
        guard image.bitDepth == 8 || image.bitDepth == 16 else {
            throw refusal("\(image.bitDepth) bits per sample", "must be 8 or 16")
        }
        let count = image.width * image.height * image.colorModel.rawValue
        guard image.samples.count == count else {
            throw refusal("\(image.samples.count) samples", "must be width x height x channels = \(count)")
        }
        if image.bitDepth == 8, let index = image.samples.firstIndex(where: { $0 > 255 }) {
            throw refusal("\(image.samples[index]) in sample \(index)", "8-bit samples must be at most 255")
        }
    }
}

/// The text in which the bridge says what went wrong.
private struct PNGMessage {
    private var characters = [CChar](repeating: 0, count: Int(PNGBRIDGE_MESSAGE_SIZE))

    /// Lends memory for the text to one call of the bridge.
    mutating func receive(_ call: (UnsafeMutablePointer<CChar>?) -> pngbridge_status) -> pngbridge_status {
        unsafe characters.withUnsafeMutableBufferPointer { unsafe call($0.baseAddress) }
    }

    func check(_ status: pngbridge_status, _ kind: ArrayFileError.Kind, _ name: String) throws(ArrayFileError) {
        if status == PNGBRIDGE_OK { return }
        if status == PNGBRIDGE_OUT_OF_MEMORY {
            throw ArrayFileError(.resourceLimit, argument: name, value: "a PNG picture", rule: "must fit into memory")
        }
        let text = String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let value = kind == .unreadable ? "a damaged or foreign picture" : "a picture that cannot be encoded"
        throw ArrayFileError(kind, argument: name, value: value, rule: "must be a sound PNG file (\(text))")
    }
}
