/// Bytes that are read once, from the first to the last: a file, a stream, or memory.
package protocol ByteSource {
    /// The path or name that errors carry.
    var name: String { get }
    /// How many bytes there are from first to last; nil for a stream, which does not know.
    var byteCount: Int? { get }
    /// Fills the buffer and returns its length; fewer bytes mean that the source ends there.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArrayFileError) -> Int
}

extension ByteSource {
    /// Fills `array[start..<end]` with the next bytes, as they are, and returns how many bytes there were.
    mutating func fill<Element: BitwiseCopyable>(
        _ array: inout [Element], _ start: Int, _ end: Int
    ) throws(ArrayFileError) -> Int {
        try unsafe array.withUnsafeMutableBufferPointer { (elements) throws(ArrayFileError) -> Int in
            // The slice is checked against the array's own bounds before it becomes raw memory.
            let slice = unsafe UnsafeMutableBufferPointer(rebasing: elements[start..<end])
            return try unsafe read(into: UnsafeMutableRawBufferPointer(slice))
        }
    }

    /// The next bytes: `count` of them, or fewer where the source ends. For small counts known to be harmless.
    mutating func bytes(_ count: Int) throws(ArrayFileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let filled = try fill(&bytes, 0, count)
        bytes.removeLast(count - filled)
        return bytes
    }

    /// All bytes up to the end, refused past `limit` of them.
    mutating func allBytes(limit: Int) throws(ArrayFileError) -> [UInt8] {
        func tooLarge(_ value: String) -> ArrayFileError {
            ArrayFileError(
                .resourceLimit, argument: name, value: value,
                rule: "must be at most \(limit) bytes and fit into memory")
        }
        if let byteCount, byteCount > limit { throw tooLarge("\(byteCount) bytes") }
        var bytes: [UInt8] = []
        // A source that knows its length is asked for one byte more, to see that it ends there.
        var target = byteCount.map { $0 + 1 } ?? 1 << 16
        while true {
            guard System.canAllocate(byteCount: target) else { throw tooLarge("\(target) bytes") }
            let start = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: target - start))
            let filled = try fill(&bytes, start, target)
            guard filled == target - start else {
                bytes.removeLast(target - start - filled)
                break
            }
            guard byteCount == nil else { throw changedWhileReading() }
            guard target <= limit else { throw tooLarge("more than \(limit) bytes") }
            target = min(2 * target, limit + 1)
        }
        if let byteCount, bytes.count < byteCount { throw changedWhileReading() }
        return bytes
    }

    /// The length that was found when the file was opened is not the length that could be read.
    func changedWhileReading() -> ArrayFileError {
        ArrayFileError(
            .unreadable, argument: name, value: "another length than when it was opened",
            rule: "file changed while reading")
    }
}

/// Bytes that are in memory already.
struct MemorySource: ByteSource {
    let name: String
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8], name: String) {
        self.name = name
        self.bytes = bytes
    }

    var byteCount: Int? { bytes.count }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - position)
        // The range ends inside the array and is no longer than the buffer: copyBytes checks the second.
        unsafe buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}
