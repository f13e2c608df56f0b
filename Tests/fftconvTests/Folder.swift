import ArrayFiles
import Foundation

/// A temporary folder that goes when it is no longer used.
final class Folder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("fftconv-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func url(_ name: String) -> URL { url.appendingPathComponent(name) }
    func path(_ name: String) -> String { url(name).path }

    func write(_ data: Data, _ name: String) throws { try data.write(to: url(name)) }
    func read(_ name: String) throws -> Data { try Data(contentsOf: url(name)) }

    func write(_ shape: [Int], _ values: [Float], _ name: String) throws {
        try NumPyFile.write(NumPyArray(shape: shape, elements: .float32(values)), path: path(name))
    }

    func write(_ shape: [Int], _ values: [Double], _ name: String) throws {
        try NumPyFile.write(NumPyArray(shape: shape, elements: .float64(values)), path: path(name))
    }

    func write(_ image: Image, _ name: String) throws { try ImageFile.write(image, path: path(name)) }

    func array(_ name: String) throws -> NumPyArray { try NumPyFile.read(path: path(name)) }
    func image(_ name: String) throws -> Image { try ImageFile.read(path: path(name)) }

    /// Every file with its content, hidden ones too; what is no regular file has none.
    func snapshot() throws -> [String: Data?] {
        var files: [String: Data?] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: url.path) {
            var isDirectory: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path(name), isDirectory: &isDirectory)
            let attributes = try? FileManager.default.attributesOfItem(atPath: path(name))
            let isRegular = exists && !isDirectory.boolValue && attributes?[.type] as? FileAttributeType == .typeRegular
            files[name] = .some(isRegular ? try? read(name) : nil)
        }
        return files
    }
}

extension NumPyArray {
    var floats: [Float] {
        if case .float32(let values) = elements { values } else { [] }
    }

    /// Integer-valued results of any algorithm, made exact.
    var rounded: [Float] { floats.map { $0.rounded() } }

    var doubles: [Double] {
        if case .float64(let values) = elements { values } else { [] }
    }
}

/// 0, 1, 2, …
func counting(_ count: Int, from first: Int = 0) -> [Float] { (0..<count).map { Float($0 + first) } }
