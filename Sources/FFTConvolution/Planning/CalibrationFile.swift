package import SpectralEngine

/// A machine's rates, and FFTW's plans if they were searched, as the text of a file, and back, strictly.
///
/// One name and value a line in one order: format, identity, rates, plans, and the checksum of every byte before it. A reader
/// accepts what a writer of the same version on the same machine could have written, and nothing else.
package enum CalibrationFile {
    private static let format = "fftconv-calibration"
    /// To be counted up when a rate changes its meaning, or the file its form, within a version of the library.
    private static let formatVersion = "20"
    /// A file has about 2 KiB, with plans 40.
    package static let largestByteCount = 256 << 10
    /// How many times the built-in rate a measured one may be, or the other way round: what is further off is no measurement.
    package static let widestRange = 100.0

    /// Why a file is of no use here.
    package struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String

        init(_ reason: String) { description = reason }
    }

    package static func text(
        _ machine: Machine, _ plans: MeasuredPlans = .none, identity: MachineIdentity = MachineIdentity()
    ) -> String {
        var text = "\(format) \(formatVersion)\n"
        for (name, value) in identity.lines { text += "\(name) \(value)\n" }
        for rate in rates { text += "\(rate.name) \(machine[keyPath: rate.path])\n" }
        text += plans.text
        return text + checksumLine(text)
    }

    /// The machine whose rates a file holds, where all that is no rate is built in, and plans of FFTW.
    package static func contents(
        of bytes: [UInt8], identity: MachineIdentity = MachineIdentity()
    ) throws(Fault) -> (machine: Machine, plans: MeasuredPlans) {
        guard bytes.count <= largestByteCount else { throw Fault("it is longer than \(largestByteCount) bytes") }
        guard bytes.allSatisfy({ $0 == 0x0A || (0x20..<0x7F).contains($0) }), bytes.last == 0x0A else {
            throw Fault("it is damaged: not lines of plain text")
        }
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)[...]
        // What follows the last newline.
        lines.removeLast()
        let version = try value(format, &lines)
        guard version == formatVersion else { throw Fault("it is stale: of format \(version), not \(formatVersion)") }
        try check(bytes)
        for (name, expected) in identity.lines {
            let value = try value(name, &lines)
            guard value == expected else {
                let isStale = name == "library" || name == "fftw"
                throw Fault("it is \(isStale ? "stale" : "foreign"): \(name) '\(value)', not '\(expected)'")
            }
        }
        var machine = Machine(instructionSet: identity.instructionSet)
        machine.cacheByteCount = identity.cacheByteCount
        for rate in rates {
            let text = try value(rate.name, &lines)
            let builtIn = machine[keyPath: rate.path]
            guard let value = Double(text), "\(value)" == text,
                value >= builtIn / widestRange, value <= builtIn * widestRange
            else { throw Fault("it is damaged: \(rate.name) is '\(text)'") }
            machine[keyPath: rate.path] = value
        }
        // The last line is the checksum's.
        let text = lines.dropLast().map { $0 + "\n" }.joined()
        let plans: MeasuredPlans
        do { plans = try MeasuredPlans(text: text) } catch { throw Fault("it is damaged: no plan is '\(error.line)'") }
        guard plans.text == text else { throw Fault("it is damaged: its plans are in disorder") }
        return (machine, plans)
    }

    private static let rates = Machine.rates + Machine.passRates

    /// The value of the next line, which must have this name.
    private static func value(_ name: String, _ lines: inout ArraySlice<Substring>) throws(Fault) -> Substring {
        guard let line = lines.popFirst(), line.hasPrefix(name + " ") else {
            throw Fault("it is damaged: no line '\(name)' where it should be")
        }
        return line.dropFirst(name.count + 1)
    }

    static func checksumLine(_ text: String) -> String { "checksum \(checksum(text.utf8))\n" }

    /// Looks at the last line, before any value is believed.
    private static func check(_ bytes: [UInt8]) throws(Fault) {
        let last = "checksum 0123456789abcdef\n".utf8.count
        let text = bytes.dropLast(last)
        guard bytes.count > last, bytes.suffix(last).elementsEqual("checksum \(checksum(text))\n".utf8) else {
            throw Fault("it is damaged: its checksum is another one")
        }
    }

    /// FNV-1a with 64 bits (Fowler, Noll, Vo), in 16 digits. Each step is a bijection of the state, so one changed byte is
    /// always found; it guards against accidents, and not against anyone who means harm: they could write the file anew.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> String {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
