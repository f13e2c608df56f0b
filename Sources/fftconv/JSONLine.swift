import Foundation

/// JSON objects of one line each, with their fields in the order given.
enum JSONLine {
    /// - Parameter fields: Keys with values that are JSON already.
    static func object(_ fields: [(key: String, value: String)]) -> String {
        "{" + fields.map { "\(text($0.key)): \($0.value)" }.joined(separator: ", ") + "}"
    }

    static func array(_ values: [String]) -> String { "[" + values.joined(separator: ", ") + "]" }

    /// A finite number, with six decimals.
    static func number(_ value: Double) -> String { String(format: "%.6f", value) }

    static func text(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case _ where scalar.value < 0x20: quoted += String(format: "\\u%04x", scalar.value)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
