import FFTConvolution
import Testing

/// Scratch of the convenient calls, kept for the next one.
struct WorkspacePoolTests {
    @Test func theSmallestThatIsLargeEnoughIsTaken() throws {
        let pool = WorkspacePool()
        let made = try [4000, 1500, 1000].map { try Workspace(byteCount: $0) }
        for workspace in made { pool.giveBack(workspace) }
        #expect(try pool.take(byteCount: 900) === made[2])
        #expect(try pool.take(byteCount: 900) === made[1])
    }

    @Test func aLargeOneIsLeftToWhoNeedsIt() throws {
        let pool = WorkspacePool()
        let large = try Workspace(byteCount: 1 << 20)
        pool.giveBack(large)
        for byteCount in [0, 1, 1 << 18] { #expect(try pool.take(byteCount: byteCount).byteCount == byteCount) }
        #expect(try pool.take(byteCount: 1 << 19) === large)
    }

    @Test func theOldestGoWhenThereAreTooManyOrTooMuch() throws {
        let pool = WorkspacePool(count: 2, byteCount: 10_000)
        let made = try (0..<3).map { _ in try Workspace(byteCount: 100) }
        for workspace in made { pool.giveBack(workspace) }
        let taken = try (0..<3).map { _ in try pool.take(byteCount: 100) }
        #expect(taken[0] === made[1] && taken[1] === made[2] && !made.contains { $0 === taken[2] })
        for byteCount in [6000, 5000] { pool.giveBack(try Workspace(byteCount: byteCount)) }
        #expect(try pool.take(byteCount: 3000).byteCount == 5000)
        #expect(try pool.take(byteCount: 5500).byteCount == 5500)
    }

    @Test func oneBeyondTheLimitDoesNotCostTheOthers() throws {
        let pool = WorkspacePool(count: 4, byteCount: 10_000)
        let small = try Workspace(byteCount: 100)
        pool.giveBack(small)
        pool.giveBack(try Workspace(byteCount: 10_001))
        #expect(try pool.take(byteCount: 10_001).byteCount == 10_001)
        #expect(try pool.take(byteCount: 100) === small)
    }

    @Test func whatNoMachineHasIsRefusedBesideIdleMemoryToo() throws {
        let pool = WorkspacePool()
        pool.giveBack(try Workspace(byteCount: 100))
        let error = try #require(throws: ConvolutionError.self) { _ = try pool.take(byteCount: .max) }
        #expect(error.kind == .resourceLimit)
    }

    @Test func readersShareAndAWriterIsAlone() throws {
        let workspace = try Workspace(byteCount: 8)
        try workspace.withReadRegion { _ in
            try workspace.withReadRegion { region in #expect(region.count == 8) }
            #expect(throws: ConvolutionError.self) { try workspace.withExclusiveRegion(requiring: 0) { _ in } }
        }
        try workspace.withExclusiveRegion(requiring: 0) { _ in
            #expect(throws: ConvolutionError.self) { try workspace.withReadRegion { _ in } }
        }
        try workspace.withReadRegion { _ in }
    }
}
