internal import CFFTW

/// Plans that FFTW found by measuring, kept as text.
///
/// FFTW's estimate transforms eight lines one by one, where a measured plan takes all of them through every step: 1.0 to 1.6 times as
/// fast (`Docs/Measurements/2026-11-26-plans.md`). But measuring finds other plans, and with them other last bits, each time. So it is
/// done once, and what was found holds for every process with the same build of FFTW; any other one plans by estimate.
///
/// FFTW calls such knowledge wisdom. Its reader ends the process at some damaged words, so text from a file is read here, strictly, and
/// FFTW is given nothing but what is written from that.
public struct MeasuredPlans: Hashable, Sendable {
    /// No plan.
    public static let none = MeasuredPlans(builds: [:], plans: [:])

    /// The build of FFTW that found the plans of one precision.
    private struct Build: Hashable, Sendable {
        let version: String
        /// Digest of all solvers it has.
        let solvers: String
        /// What FFTW makes of ``flags``.
        let flags: String
    }

    /// One step of a plan: a solver of FFTW, its number among those of the name, and the digest of the problem it solves.
    private struct Step: Hashable, Sendable {
        let solver: String
        let number: String
        let problem: String
    }

    private struct Key: Hashable, Sendable {
        let library: String
        let lines: ContiguousLines
    }

    private var builds: [String: Build]
    private var plans: [Key: [Step]]

    /// How FFTW searches: patiently, but for what has never been best here, in a fifth of the time.
    static let flags =
        Int32(FFTW_PATIENT)
        | Int32(
            FFTW_NO_BUFFERING | FFTW_NO_INDIRECT_OP | FFTW_NO_DFT_R2HC | FFTW_NO_RANK_SPLITS
                | FFTW_NO_FIXED_RADIX_LARGE_N)

    public var count: Int { plans.count }
    public var isEmpty: Bool { plans.isEmpty }

    /// What FFTW reads, of one plan.
    func wisdom<Scalar: ConvolutionScalar>(of lines: ContiguousLines, _: Scalar.Type) -> String? {
        let library = Scalar.libraryName
        guard let build = builds[library], let steps = plans[Key(library: library, lines: lines)] else { return nil }
        let all = steps.map {
            let flags = "#x\(build.flags)"
            return "(\(library)_\($0.solver) \($0.number) \(flags) \(flags) #x0 \(Self.words($0.problem)))"
        }
        return "(\(build.version) \(library)_wisdom \(Self.words(build.solvers))\n\(all.joined(separator: "\n"))\n)"
    }

    /// Those of the precisions whose FFTW is the build that found them.
    public func accepted() -> MeasuredPlans {
        let libraries = [
            isAccepted(Float.self) ? Float.libraryName : nil, isAccepted(Double.self) ? Double.libraryName : nil,
        ].compactMap(\.self)
        return MeasuredPlans(
            builds: builds.filter { libraries.contains($0.key) },
            plans: plans.filter { libraries.contains($0.key.library) })
    }

    private func isAccepted<Scalar: ConvolutionScalar>(_: Scalar.Type) -> Bool {
        guard let any = plans.keys.first(where: { $0.library == Scalar.libraryName }),
            let wisdom = wisdom(of: any.lines, Scalar.self)
        else { return false }
        return PlannerLock.withLock {
            let memory = unsafe Scalar.takeWisdom()
            defer { unsafe Scalar.restoreWisdom(memory) }
            return Scalar.importWisdom(wisdom)
        }
    }

    /// A digest as FFTW writes it.
    private static func words(_ digest: String) -> String {
        stride(from: 0, to: digest.count, by: 8).map { "#x\(digest.dropFirst($0).prefix(8))" }.joined(separator: " ")
    }

    /// Adds what FFTW has learnt of one plan.
    ///
    /// - Returns: Whether it has the form that is known here.
    mutating func add<Scalar: ConvolutionScalar>(_ lines: ContiguousLines, wisdom: String, _: Scalar.Type) -> Bool {
        let library = Scalar.libraryName
        let words = wisdom.split { " \n()".contains($0) }
        // Version and name, four words of a digest, then nine words a step.
        guard words.count > 8, words.count % 9 == 6, words[1] == "\(library)_wisdom" else { return false }
        func hex(_ words: some Sequence<Substring>) -> String {
            words.map { String(repeating: "0", count: max(10 - $0.count, 0)) + $0.dropFirst(2) }.joined()
        }
        var steps: [String] = []
        for start in stride(from: 6, to: words.count, by: 9) {
            let step = words[start..<start + 9]
            guard step[start].hasPrefix("\(library)_"), step[start + 2] == words[8], step[start + 3] == words[8],
                step[start + 4] == "#x0"
            else { return false }
            steps.append("\(step[start].dropFirst(library.count + 1)):\(step[start + 1]):\(hex(step.suffix(4)))")
        }
        let build = "\(library) \(words[0]) \(hex(words[2..<6])) \(words[8].dropFirst(2))"
        // FFTW lists them in no order.
        let plan = "\(library) \(Self.name(lines)) \(steps.sorted().joined(separator: " "))"
        guard let read = try? MeasuredPlans(text: "\(build)\n\(plan)\n"),
            builds[library] == nil || builds[library] == read.builds[library]
        else { return false }
        builds.merge(read.builds) { _, new in new }
        plans.merge(read.plans) { _, new in new }
        return true
    }
}

// MARK: - Text

extension MeasuredPlans {
    /// A line that says nothing.
    public struct Fault: Error, Hashable, Sendable {
        public let line: String
    }

    /// For each precision one line of FFTW's build, then one for each plan.
    public var text: String {
        builds.sorted { $0.key < $1.key }.map { library, build in
            let own = plans.filter { $0.key.library == library }.map { key, steps in
                let steps = steps.map { "\($0.solver):\($0.number):\($0.problem)" }
                return (key.lines, "\(library) \(Self.name(key.lines)) \(steps.joined(separator: " "))\n")
            }
            let sorted = own.sorted { Self.order($0.0) < Self.order($1.0) }
            return "\(library) \(build.version) \(build.solvers) \(build.flags)\n" + sorted.map(\.1).joined()
        }.joined()
    }

    private static func order(_ lines: ContiguousLines) -> Int {
        (lines.count * 1 << 20 + lines.length) * 2 + (lines.isInverse ? 1 : 0)
    }

    private static func name(_ lines: ContiguousLines) -> String {
        "\(lines.count)x\(lines.length) \(lines.isInverse ? "back" : "forward")"
    }

    /// - Throws: ``Fault`` at the first line that no ``text`` holds.
    public init(text: String) throws(Fault) {
        self = .none
        if text.isEmpty { return }
        for line in Self.parts(text.hasSuffix("\n") ? text.dropLast() : text[...], "\n") {
            let words = Self.parts(line, " ")
            guard words.count >= 4, ["fftw", "fftwf"].contains(words[0]) else { throw Fault(line: String(line)) }
            let library = String(words[0])
            if words[1].hasPrefix("fftw-") {
                guard words.count == 4, builds[library] == nil, Self.isVersion(words[1]), Self.isDigest(words[2]),
                    Self.isHex(words[3], atMost: 5)
                else { throw Fault(line: String(line)) }
                builds[library] = Build(
                    version: String(words[1]), solvers: String(words[2]), flags: String(words[3]))
                continue
            }
            let steps = words.dropFirst(3).compactMap { Self.step($0) }
            guard builds[library] != nil, steps.count == words.count - 3, let lines = Self.lines(words[1], words[2]),
                plans.updateValue(steps, forKey: Key(library: library, lines: lines)) == nil
            else { throw Fault(line: String(line)) }
        }
    }

    /// What lies between separators: by bytes, in a tenth of the time that characters take.
    private static func parts(_ text: Substring, _ separator: Unicode.Scalar) -> [Substring] {
        text.utf8.split(separator: UInt8(ascii: separator), omittingEmptySubsequences: false).map { Substring($0) }
    }

    private static func lines(_ extents: Substring, _ direction: Substring) -> ContiguousLines? {
        let numbers = parts(extents, "x").compactMap { Int($0) }
        guard numbers.count == 2, [1, 8].contains(numbers[0]), (2...1 << 20).contains(numbers[1]),
            ["forward", "back"].contains(direction)
        else { return nil }
        return ContiguousLines(length: numbers[1], count: numbers[0], isInverse: direction == "back")
    }

    private static func step(_ word: Substring) -> Step? {
        let parts = parts(word, ":")
        guard parts.count == 3, (1...60).contains(parts[0].utf8.count),
            parts[0].utf8.allSatisfy({ isDigit($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_") }),
            (1...4).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy(isDigit), isDigest(parts[2])
        else { return nil }
        return Step(solver: String(parts[0]), number: String(parts[1]), problem: String(parts[2]))
    }

    private static func isVersion(_ word: Substring) -> Bool {
        word.utf8.count <= 20 && word.dropFirst(5).utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") }
    }

    private static func isDigest(_ word: Substring) -> Bool { word.utf8.count == 32 && isHex(word, atMost: 32) }

    /// Flags have 20 bits: more of them end the process.
    private static func isHex(_ word: Substring, atMost count: Int) -> Bool {
        (1...count).contains(word.utf8.count) && word.utf8.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
