internal import Synchronization

/// Plans by what was asked for; the least recently used one goes when the cache is full.
///
/// A plan owns little: the scratch belongs to executions. So the limit is a number of plans.
final class PlanCache: Sendable {
    struct Key: Hashable, Sendable {
        let problem: Problem
        let precision: Precision
        let passes: Set<Pass>
        let options: PlanOptions
    }

    private struct Entry {
        let plan: any Sendable
        var lastUse: Int
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var clock = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) { self.capacity = max(capacity, 1) }

    func plan(for key: Key) -> (any Sendable)? {
        state.withLock { state in
            state.clock += 1
            state.entries[key]?.lastUse = state.clock
            return state.entries[key]?.plan
        }
    }

    func store(_ plan: any Sendable, for key: Key) {
        // A plan that is dropped destroys its transforms under the planner lock: it must go outside this one.
        let dropped = state.withLock { state -> (any Sendable)? in
            state.clock += 1
            var oldest: (any Sendable)?
            if state.entries.count >= capacity,
                let victim = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                oldest = state.entries.removeValue(forKey: victim.key)?.plan
            }
            state.entries[key] = Entry(plan: plan, lastUse: state.clock)
            return oldest
        }
        _ = dropped
    }
}
