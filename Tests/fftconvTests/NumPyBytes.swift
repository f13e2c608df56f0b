import Foundation

/// The bytes of .npy files that no writer would write.
enum NumPyBytes {
    /// A file with this version, this header text, and this many zero bytes of data.
    static func file(
        _ header: String, data: Int, version: (UInt8, UInt8) = (1, 0), declaredLength: Int? = nil
    ) -> Data {
        let text = Array(header.utf8)
        let length = declaredLength ?? text.count
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [version.0, version.1]
        for shift in stride(from: 0, to: version.0 == 1 ? 16 : 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: length >> shift))
        }
        return Data(bytes + text + [UInt8](repeating: 0, count: data))
    }

    /// A header with this dtype, order and shape, each as Python text.
    static func header(dtype: String = "'<f4'", fortran: String = "False", shape: String = "(2, 2)") -> String {
        let text = "{'descr': \(dtype), 'fortran_order': \(fortran), 'shape': \(shape), }"
        // Padded so that the data begin at a multiple of 64, as NumPy writes it.
        let spaces = (64 - (10 + text.utf8.count + 1) % 64) % 64
        return text + String(repeating: " ", count: spaces) + "\n"
    }
}
