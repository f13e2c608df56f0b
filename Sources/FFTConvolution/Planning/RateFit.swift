/// Finds the rates that predict the times of some calls best.
///
/// Goals, in this order: rates stay positive; what no call depends on stays as it is; one call that was disturbed does
/// not spoil the rest.
///
/// The unknowns are the logarithms x of each group of rates over its start, the residuals the logarithms of predicted over measured
/// times: a relative error counts the same for a call of a microsecond and of a second. Minimised is
/// Σ weight·residual² + prior·Σ x², by Gauss and Newton with Levenberg's damping.
struct RateFit {
    /// One call: its time in seconds, and what rates predict for it.
    struct Call {
        let name: String
        let time: Double
        let prediction: (Machine) -> Double
    }

    private let calls: [Call]
    /// Groups of rates that change by one factor.
    private let rates: [[Machine.Rate]]

    /// How far a rate may be expected from its start, and a prediction from a time: factors of e^0.25 = 1.3 and e^0.15 = 1.16.
    private static let prior = (0.15 * 0.15) / (0.25 * 0.25)
    /// Beyond this residual a call counts in proportion only, and not squared (Huber).
    private static let outlier = 0.3

    init(_ calls: [Call], rates: [[Machine.Rate]] = Machine.fittedRates) {
        self.calls = calls
        self.rates = rates
    }

    /// By which factor predictions are off, in the root mean square of logarithms; at least 1.
    func error(_ machine: Machine) -> Double {
        let squares = residuals(machine).reduce(0) { $0 + $1 * $1 }
        return exponential((squares / Double(max(calls.count, 1))).squareRoot())
    }

    func fitted(_ start: Machine) -> Machine {
        var x = [Double](repeating: 0, count: rates.count)
        var best = objective(start, x)
        var damping = 0.01
        for _ in 0..<40 {
            let step = step(start, x, damping: damping)
            let next = zip(x, step).map { $0 + min(max($1, -1), 1) }
            let value = objective(start, next)
            if value < best {
                let gain = best - value
                (x, best, damping) = (next, value, max(damping / 4, 1e-6))
                if gain < 1e-6 * best { break }
            } else {
                damping *= 8
                if damping > 1e6 { break }
            }
        }
        return machine(start, x)
    }

    private func machine(_ start: Machine, _ x: [Double]) -> Machine {
        var machine = start
        for (group, x) in zip(rates, x) {
            for rate in group { machine[keyPath: rate.path] *= exponential(x) }
        }
        return machine
    }

    private func residuals(_ machine: Machine) -> [Double] {
        calls.map { logarithm(max($0.prediction(machine), .leastNormalMagnitude) / $0.time) }
    }

    private func objective(_ start: Machine, _ x: [Double]) -> Double {
        let losses = residuals(machine(start, x)).map { residual in
            let size = abs(residual)
            return size <= Self.outlier ? size * size : Self.outlier * (2 * size - Self.outlier)
        }
        return losses.reduce(0, +) + Self.prior * x.reduce(0) { $0 + $1 * $1 }
    }

    /// The solution of (JᵀWJ + prior + damping) · step = −(JᵀW·residuals + prior·x).
    private func step(_ start: Machine, _ x: [Double], damping: Double) -> [Double] {
        let count = rates.count
        let values = residuals(machine(start, x))
        let small = 1e-3
        let derivatives = (0..<count).map { index -> [Double] in
            var moved = x
            moved[index] += small
            return zip(residuals(machine(start, moved)), values).map { ($0 - $1) / small }
        }
        let weights = values.map { min(1, Self.outlier / max(abs($0), .leastNormalMagnitude)) }
        var matrix = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
        var right = [Double](repeating: 0, count: count)
        for i in 0..<count {
            for j in 0...i {
                var sum = 0.0
                for call in values.indices { sum += derivatives[i][call] * weights[call] * derivatives[j][call] }
                matrix[i][j] = sum
            }
            matrix[i][i] += Self.prior + damping
            right[i] = -Self.prior * x[i]
            for call in values.indices { right[i] -= derivatives[i][call] * weights[call] * values[call] }
        }
        return solved(matrix, right)
    }

    /// By Cholesky's factors of a positive definite matrix, of which the lower half is read.
    private func solved(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
        var (l, x) = (matrix, right)
        for i in l.indices {
            for j in 0...i {
                var sum = l[i][j]
                for k in 0..<j { sum -= l[i][k] * l[j][k] }
                l[i][j] = i == j ? max(sum, .leastNormalMagnitude).squareRoot() : sum / l[j][j]
            }
            for k in 0..<i { x[i] -= l[i][k] * x[k] }
            x[i] /= l[i][i]
        }
        for i in l.indices.reversed() {
            for k in (i + 1)..<max(l.count, i + 1) { x[i] -= l[k][i] * x[k] }
            x[i] /= l[i][i]
        }
        return x
    }
}

// MARK: - Two functions, without a mathematical library

/// ln: the exponent, and 2·artanh((m − 1)/(m + 1)) of the significand by its series.
private func logarithm(_ value: Double) -> Double {
    let z = (value.significand - 1) / (value.significand + 1)
    var (sum, power) = (0.0, z)
    // z ≤ 1/3: the last term is below 3⁻⁴¹.
    for order in stride(from: 1.0, to: 41, by: 2) {
        sum += power / order
        power *= z * z
    }
    return 2 * sum + Double(value.exponent) * 0.693_147_180_559_945_3
}

/// exp, by its series on x / 64 and six squarings; |x| stays below a few dozen here.
private func exponential(_ x: Double) -> Double {
    var (sum, term) = (1.0, 1.0)
    for order in 1...14 {
        term *= x / 64 / Double(order)
        sum += term
    }
    for _ in 0..<6 { sum *= sum }
    return sum
}
