import FFTConvolution
import Testing
import TestSupport

/// What one long test found wrong, by problem text: recorded at the end, so that a log stays readable.
struct Findings {
    private var lines: [String] = []
    private(set) var checkedCount = 0

    mutating func add(_ text: String, _ line: String) { lines.append("\(text): \(line)") }

    /// Requires a condition.
    mutating func check(_ condition: Bool, _ text: String, _ line: @autoclosure () -> String) {
        checkedCount += 1
        if !condition { add(text, line()) }
    }

    /// Compares a result with the exact values, element by element, within bounds.
    mutating func compare(
        _ result: [Double], _ exact: ExactValues, within bounds: [Double], _ text: String, _ what: String
    ) {
        checkedCount += 1
        guard result.count == exact.count, bounds.count == exact.count else {
            add(text, "\(what): \(result.count) elements instead of \(exact.count)")
            return
        }
        for index in result.indices where !(exact.distance(result[index], at: index) <= bounds[index]) {
            let expected = "\(exact.high[index]) ± \(bounds[index])"
            add(text, "\(what): element \(index) is \(result[index]), not \(expected)")
            return
        }
        // A bound that is not finite lets everything pass.
        if let index = bounds.firstIndex(where: { !$0.isFinite }) {
            add(text, "\(what): the bound of element \(index) is not finite")
        }
    }

    /// Requires two results to be equal bit by bit.
    mutating func requireSameBits(_ result: [Double], _ other: [Double], _ text: String, _ what: String) {
        checkedCount += 1
        guard result.count == other.count else {
            add(text, "\(what): \(result.count) elements instead of \(other.count)")
            return
        }
        for index in result.indices where result[index].bitPattern != other[index].bitPattern {
            add(text, "\(what): element \(index) is \(result[index]) and \(other[index])")
            return
        }
    }

    /// Records everything found; nothing checked is a failure too.
    func report(sourceLocation: SourceLocation = #_sourceLocation) {
        for line in lines.prefix(12) { Issue.record("\(line)", sourceLocation: sourceLocation) }
        let findingCount = lines.count
        #expect(findingCount == 0, "in \(checkedCount) checks", sourceLocation: sourceLocation)
        #expect(checkedCount > 0, "nothing was checked", sourceLocation: sourceLocation)
    }
}

/// One algorithm in one precision, and one pass of it where a test is about one.
struct AlgorithmCase: Sendable, CustomTestStringConvertible {
    let algorithm: any Algorithm.Type
    let pass: Pass
    let precision: Precision

    var testDescription: String { "\(algorithm.name) \(precision.rawValue) \(pass.suffix)" }

    func request(_ problem: Problem, threads: Int = 1) -> PlanRequest {
        PlanRequest(problem: problem, pass: pass, precision: precision, threads: threads)
    }

    func text(_ entry: ProblemList.Entry) -> String {
        ProblemText(entry.problem, precision: precision, pass: pass).description
    }

    static let all: [AlgorithmCase] = Registry.all.flatMap { algorithm in
        Pass.allCases.flatMap { pass in
            Precision.allCases.map { AlgorithmCase(algorithm: algorithm, pass: pass, precision: $0) }
        }
    }
}
