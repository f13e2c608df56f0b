import FFTConvolution
import Foundation
import SpectralEngine
import Testing
import TestSupport

struct WorkspaceTests {
    @Test func aWorkspaceTooSmallIsRefused() throws {
        let workspace = try Workspace(byteCount: 100)
        var isEntered = false
        let error = try #require(throws: ConvolutionError.self) {
            try workspace.withExclusiveRegion(requiring: 101) { _ in isEntered = true }
        }
        #expect(error.kind == .mismatch && error.argument == "workspace" && error.value == "100 bytes")
        #expect(error.rule == "needs at least 101 bytes" && !isEntered)
        try workspace.withExclusiveRegion(requiring: 100) { region in
            isEntered = true
            #expect(region.count == 100)
        }
        #expect(isEntered)
    }

    @Test func aPlanRefusesLessThanItBooked() throws {
        // Only recipes that book something can be short of it.
        for entry in try ProblemList.entries().prefix(40) {
            let plan = try Planner.shared.plan(for: entry.problem, scalar: Float.self)
            let needed = try plan.workspaceByteCount(for: .forward)
            let workspace = try Workspace(byteCount: max(needed - 1, 0))
            let (x, w) = (
                [Float](repeating: 1, count: entry.problem.inputCount),
                [Float](repeating: 1, count: entry.problem.filterCount)
            )
            var y = [Float](repeating: 0, count: entry.problem.outputCount)
            var caught: ConvolutionError?
            do {
                var span = y.mutableSpan
                try plan.forward(x.span, w.span, bias: Span(), into: &span, workspace: workspace)
            } catch let error as ConvolutionError {
                caught = error
            }
            #expect((caught?.argument == "workspace") == (needed > 0), "\(entry.text)")
        }
    }

    @Test func oneWorkspaceServesOneExecutionAtATime() throws {
        let plan = try Planner.shared.plan(for: ProblemText("i8_f3").problem, scalar: Float.self)
        let workspace = try plan.makeWorkspace()
        let (x, w) = ([Float](repeating: 1, count: 8), [Float](repeating: 1, count: 3))
        var y = [Float](repeating: 0, count: 6)
        func forward() throws {
            var span = y.mutableSpan
            try plan.forward(x.span, w.span, bias: Span(), into: &span, workspace: workspace)
        }
        try workspace.withExclusiveRegion(requiring: 0) { _ in
            let error = try #require(throws: ConvolutionError.self) { try forward() }
            #expect(error.kind == .mismatch && error.argument == "workspace")
            #expect(error.rule == "serves one execution at a time")
        }
        try forward()
        #expect(y.map { $0.rounded() } == [3, 3, 3, 3, 3, 3])
    }

    @Test func anErrorInsideFreesTheWorkspace() throws {
        struct Failure: Error {}
        let workspace = try Workspace(byteCount: 1)
        #expect(throws: Failure.self) { try workspace.withExclusiveRegion(requiring: 0) { _ in throw Failure() } }
        try workspace.withExclusiveRegion(requiring: 0) { region in #expect(region.count == 1) }
    }

    @Test func memoryThatNoMachineHasIsAResourceLimit() throws {
        for byteCount in [1 << 50, .max] {
            let error = try #require(throws: ConvolutionError.self) { try Workspace(byteCount: byteCount) }
            #expect(error.kind == .resourceLimit)
        }
    }

    @Test func aNegativeSizeIsRefused() {
        #expect(throws: ConvolutionError.self) { try Workspace(byteCount: -1) }
    }

    #if os(Linux)
        /// In a process of its own, where nothing else allocates. The first execution touches all that stays.
        @Test(.enabled(if: ResidentMemory.canResetPeak))
        func anExecutionInAGivenWorkspaceAllocatesNothingThatGrows() async {
            await #expect(processExitsWith: .success) {
                // The tensors are 4 MB and more, so any copy or mask of one is seen; the kernel counts in steps below 1 MB.
                let allowance = 1 << 20
                // The last one's filter gradient keeps spectra.
                let texts = [
                    "i1024x1024_f5x5_psame", "i1200000_f101_p3", "i102x102x102_f3x3x3_p2", "n2c3i300x300_k16f9x9_psame",
                ]
                for text in texts {
                    let problem = try ProblemText(text).problem
                    let plan = try Planner().plan(
                        for: problem, scalar: Float.self, options: PlanOptions(method: .fft, threads: 1))
                    let workspace = try plan.makeWorkspace()
                    var x = [Float](repeating: 1, count: problem.inputCount)
                    var w = [Float](repeating: 1, count: problem.filterCount)
                    var y = [Float](repeating: 1, count: problem.outputCount)
                    for pass in Pass.allCases {
                        func execute() throws {
                            switch pass {
                            case .forward:
                                var result = y.mutableSpan
                                try plan.forward(x.span, w.span, bias: Span(), into: &result, workspace: workspace)
                            case .inputGradient:
                                var result = x.mutableSpan
                                try plan.inputGradient(y.span, w.span, into: &result, workspace: workspace)
                            case .filterGradient:
                                var result = w.mutableSpan
                                try plan.filterGradient(x.span, y.span, into: &result, workspace: workspace)
                            }
                        }
                        try execute()
                        let growth = try ResidentMemory.peakGrowth(of: execute)
                        if growth > allowance {
                            print("\(text) \(pass): \(growth) bytes")
                            exit(1)
                        }
                    }
                }
                // What is looked for would have been seen: more than what the passes above may have left to be used again.
                let seen = try ResidentMemory.peakGrowth {
                    _ = [UInt8](repeating: 1, count: 64 << 20).reversed() as [UInt8]
                }
                exit(seen > 48 << 20 ? 0 : 2)
            }
        }
    #endif
}
