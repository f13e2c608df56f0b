@testable import SpectralEngine
import Synchronization
import Testing

private struct BlockFailure: Error, Equatable {
    let block: Int
}

@Suite struct WorkersTests {
    @Test(arguments: [1, 2, 7], [0, 1, 100])
    func everyBlockRunsExactlyOnceOnAWorkerInRange(count: Int, blocks: Int) throws {
        for handing in [Workers.Handing.inOrder, .inShares] {
            let runs = Mutex([Int](repeating: 0, count: blocks))
            let workers = Mutex(Set<Int>())
            try Workers.run(count: count, blocks: blocks, handing) { block, worker in
                runs.withLock { $0[block] += 1 }
                _ = workers.withLock { $0.insert(worker) }
            }
            #expect(runs.withLock { $0 } == [Int](repeating: 1, count: blocks))
            #expect(workers.withLock { $0 }.isSubset(of: Set(0..<min(count, max(blocks, 1)))))
        }
    }

    /// A worker that is alone takes its own share from the front and those of others from the back.
    @Test func sharesAreOwnFirstAndThenOthers() {
        Shares.withShares(workers: 3, blocks: 8) { shares in
            let own = (0..<3).map { _ in shares.next(of: 1) }
            #expect(own == [2, 3, 4])
            #expect(shares.next(of: 0) == 0)
            #expect((0..<5).map { _ in shares.next(of: 1) } == [7, 6, 5, 1, nil])
            #expect(shares.next(of: 0) == nil && shares.next(of: 2) == nil)
        }
    }

    @Test func noWorkerStillMeansTheCallingThread() throws {
        let order = Mutex([Int]())
        try Workers.run(count: 0, blocks: 5) { block, worker in order.withLock { $0.append(10 * block + worker) } }
        #expect(order.withLock { $0 } == [0, 10, 20, 30, 40])
    }

    @Test func twoBlocksNeverShareAWorkerAtOnce() throws {
        let busy = Mutex(Set<Int>())
        let clashes = Mutex(0)
        try Workers.run(count: 4, blocks: 400) { _, worker in
            if !busy.withLock({ $0.insert(worker).inserted }) { clashes.withLock { $0 += 1 } }
            _ = busy.withLock { $0.remove(worker) }
        }
        #expect(clashes.withLock { $0 } == 0)
    }

    @Test func oneWorkerThrowsTheFirstErrorAndStops() {
        let runs = Mutex([Int]())
        #expect(throws: BlockFailure(block: 3)) {
            try Workers.run(count: 1, blocks: 100) { block, _ in
                runs.withLock { $0.append(block) }
                if block >= 3 { throw BlockFailure(block: block) }
            }
        }
        #expect(runs.withLock { $0 } == [0, 1, 2, 3])
    }

    /// Whoever has thrown gets no second block, so no more blocks run than there are workers.
    @Test(arguments: [2, 7], [Workers.Handing.inOrder, .inShares])
    func anErrorStopsTheHandingOutOfBlocks(count: Int, handing: Workers.Handing) {
        let runs = Mutex(Set<Int>())
        let error = #expect(throws: BlockFailure.self) {
            try Workers.run(count: count, blocks: 1000, handing) { block, _ in
                _ = runs.withLock { $0.insert(block) }
                throw BlockFailure(block: block)
            }
        }
        let blocks = runs.withLock { $0 }
        #expect(blocks.count <= count)
        #expect(error.map { blocks.contains($0.block) } == true)
    }

    @Test func workersMayHaveWorkersOfTheirOwn() throws {
        let sum = Atomic(0)
        try Workers.run(count: 3, blocks: 10) { outer, _ in
            try Workers.run(count: 3, blocks: 10) { inner, _ in
                sum.wrappingAdd(10 * outer + inner, ordering: .relaxed)
            }
        }
        #expect(sum.load(ordering: .relaxed) == 99 * 100 / 2)
    }

    @Test func anInnerErrorReachesTheOutside() {
        #expect(throws: BlockFailure(block: 4)) {
            try Workers.run(count: 2, blocks: 2) { _, _ in
                try Workers.run(count: 2, blocks: 8) { inner, _ in
                    if inner == 4 { throw BlockFailure(block: 4) }
                }
            }
        }
    }
}
