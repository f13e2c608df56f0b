import ArrayFiles
import Testing

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// A folder of a test's own, removed with all files directly in it when the test ends.
final class TemporaryFolder {
    let path: String

    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/arrayfiles.XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in names { if unlink(self[name]) != 0 { rmdir(self[name]) } }
        rmdir(path)
    }

    subscript(name: String) -> String { "\(path)/\(name)" }

    /// The names in the folder, hidden ones too.
    var names: [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Writes a file without the code under test.
    func put(_ bytes: [UInt8], _ name: String) throws -> String {
        let file = try #require(fopen(self[name], "w"))
        defer { fclose(file) }
        try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        return self[name]
    }

    func bytes(_ name: String) throws -> [UInt8] {
        let file = try #require(fopen(self[name], "r"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = getc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return bytes
    }

    func mode(_ name: String) throws -> mode_t {
        var status = stat()
        try #require(stat(self[name], &status) == 0)
        return status.st_mode & 0o777
    }
}

/// A pipe whose ends are closed with it.
final class Pipe {
    private(set) var reader: CInt = -1
    private(set) var writer: CInt = -1

    init() throws {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        (reader, writer) = (ends[0], ends[1])
    }

    deinit {
        closeReader()
        closeWriter()
    }

    func closeReader() {
        if reader >= 0 { close(reader) }
        reader = -1
    }

    func closeWriter() {
        if writer >= 0 { close(writer) }
        writer = -1
    }

    /// For fewer bytes than a pipe holds, 64 KiB on Linux.
    func send(_ bytes: [UInt8]) throws {
        try #require(write(writer, bytes, bytes.count) == bytes.count)
    }
}

/// SplitMix64: small, seeded, the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// One random change of the kind that a broken disk, a broken writer or an attacker makes.
func mutant(of bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let position = Int.random(in: 0..<max(bytes.count, 1), using: &generator)
        guard position < bytes.count else { continue }
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[position] = UInt8.random(in: 0...255, using: &generator)
        case 2: bytes.removeSubrange(position...)
        case 3: bytes.remove(at: position)
        case 4: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: position)
        default: bytes[position] = Array("(){}[],:'-0189 TF<>|L\n\0\u{7F}".utf8).randomElement(using: &generator) ?? 0
        }
    }
    return bytes
}

/// Runs `body` and returns the error it has to throw.
func refusal(
    of body: () throws(ArrayFileError) -> some Any, sourceLocation: SourceLocation = #_sourceLocation
) -> ArrayFileError? {
    do throws(ArrayFileError) {
        _ = try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return nil
    } catch {
        return error
    }
}
