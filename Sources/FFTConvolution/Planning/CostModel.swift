/// Predicts seconds from a recipe's numbers and a machine's rates. Pure arithmetic; nothing else decides.
package struct CostModel: Sendable {
    let machine: Machine

    package init(_ machine: Machine) { self.machine = machine }

    /// The direct reference: every multiplication of the problem, shared by the threads.
    func referenceTime(_ request: PlanRequest) -> Double {
        let rate = machine.referenceRate[request.precision] ?? 1e8
        return threaded(request.problem.multiplicationCount / rate, threads: request.threads)
    }

    /// `time` of work on one core, shared by threads that must first be started.
    func threaded(_ time: Double, threads: Int) -> Double {
        // A machine runs no more threads at once than it has cores, however many are asked for.
        let workers = Double(min(threads, Machine.availableCores))
        return workers > 1 ? time / workers + machine.threadStartTime * (workers - 1) : time
    }
}
