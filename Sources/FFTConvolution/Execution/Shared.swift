/// A large value that copies of what holds it share: blocks hand what they are made of from function to function, and copying it took
/// 7 % of the time of small ones (`Docs/Measurements/2026-11-27-steps.md`).
final class Shared<Value: Sendable>: Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}

extension Shared: Equatable where Value: Equatable {
    static func == (one: Shared, other: Shared) -> Bool { one === other || one.value == other.value }
}

extension Shared: Hashable where Value: Hashable {
    func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
