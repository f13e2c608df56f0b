import FFTConvolution
import Testing

struct MachineTests {
    @Test func everyFigureIsAtLeastOne() {
        #expect(Machine.availableCores >= 1)
        #expect(Machine.availableMemory >= 1)
    }

    @Test func everyBuiltInRateIsPositive() {
        let machine = Machine()
        let rates = [
            machine.coreSpeed, machine.rotationTime, machine.copyTime, machine.gatherTime, machine.productTime,
            machine.beyondCacheCost, machine.threadStartTime, machine.callTime, machine.rowTime,
            Double(machine.cacheByteCount), Double(machine.coreCount), Double(machine.memoryByteCount),
        ]
        #expect(rates.allSatisfy { $0 > 0 && $0.isFinite })
        #expect(Precision.allCases.allSatisfy { (machine.referenceRate[$0] ?? 0) > 0 })
    }
}
