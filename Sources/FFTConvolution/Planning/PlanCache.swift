internal import Synchronization

/// Plans by what was asked for; the least recently used ones go when there are too many, or their tables take too much memory. Scratch
/// belongs to executions.
final class PlanCache: Sendable {
    struct Key: Hashable, Sendable {
        let problem: Problem
        let precision: Precision
        let passes: Set<Pass>
        let options: PlanOptions
    }

    private struct Entry {
        let plan: any Sendable
        let byteCount: Int
        var lastUse: Int
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var clock = 0

        var byteCount: Int { entries.values.reduce(0) { min($0 + $1.byteCount, .max / 2) } }
    }

    private let capacity: Int
    private let byteLimit: Int
    private let state = Mutex(State())

    /// - Parameter byteLimit: Of all tables; the plan stored last stays even if it alone takes more.
    init(capacity: Int, byteLimit: Int = 256 << 20) {
        (self.capacity, self.byteLimit) = (max(capacity, 1), byteLimit)
    }

    func plan(for key: Key) -> (any Sendable)? {
        state.withLock { state in
            state.clock += 1
            state.entries[key]?.lastUse = state.clock
            return state.entries[key]?.plan
        }
    }

    /// - Parameter byteCount: Of the plan's tables.
    func store(_ plan: any Sendable, byteCount: Int, for key: Key) {
        // A plan that is dropped destroys its transforms under the planner lock: it must go outside this one.
        let dropped = state.withLock { state -> [any Sendable] in
            state.clock += 1
            var oldest = state.entries.removeValue(forKey: key).map { [$0.plan] } ?? []
            func drop(where isVictim: (Entry) -> Bool) -> Bool {
                let victims = state.entries.filter { isVictim($0.value) }
                guard let victim = victims.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return false }
                if let entry = state.entries.removeValue(forKey: victim.key) { oldest.append(entry.plan) }
                return true
            }
            while state.entries.count >= capacity, drop(where: { _ in true }) {}
            // Plans without tables make no room for others.
            while min(state.byteCount + byteCount, .max / 2) > byteLimit, drop(where: { $0.byteCount > 0 }) {}
            state.entries[key] = Entry(plan: plan, byteCount: byteCount, lastUse: state.clock)
            return oldest
        }
        _ = dropped
    }
}
