import CKernels
import SpectralEngine
import Testing

/// The first element that is off by more than the tolerance, if any; one that nothing may write must be exact.
private func difference<T: KernelScalar>(_ actual: [T], _ expected: [Double], _ test: KernelCase<T>) -> String? {
    guard actual.count == expected.count else { return "\(actual.count) instead of \(expected.count) elements" }
    for (index, (value, expected)) in zip(actual.map { Double($0) }, expected).enumerated() {
        let isReturned = index >= actual.count - test.returned.count
        let allowed = expected == untouched ? 0 : isReturned ? test.returned.tolerance : test.tolerance
        guard value == expected || abs(value - expected) <= allowed else {
            return "element \(index): \(value) instead of \(expected)"
        }
    }
    return nil
}

private func failures<T: KernelScalar>(_ cases: [KernelCase<T>], _ instructionSet: Int32) -> [String] {
    let (kernels, scalar) = (T.kernels(instructionSet), T.kernels(Int32(CK_SCALAR)))
    return cases.compactMap { test in
        let result = test.run(kernels)
        let fault =
            difference(result, test.expected, test)
            ?? (instructionSet == Int32(CK_SCALAR)
                ? nil : difference(result, test.run(scalar).map { Double($0) }, test))
        return fault.map { "\(test.kernel) \(test.parameters): \($0)" }
    }
}

private func fieldNames<Table>(_ table: Table) -> [String] { Mirror(reflecting: table).children.compactMap(\.label) }

/// How many pointers a table holds that are null.
private func nullCount<Table>(_ table: Table) -> Int {
    withUnsafeBytes(of: table) { bytes in bytes.bindMemory(to: UnsafeRawPointer?.self).count { $0 == nil } }
}

@Suite struct KernelTests {
    @Test(arguments: instructionSets)
    func singlePrecisionKernelsMatchTheirDefinitionAndTheScalarOnes(_ instructionSet: Int32) {
        #expect(failures(Float.kernelCases, instructionSet).isEmpty)
    }

    @Test(arguments: instructionSets)
    func doublePrecisionKernelsMatchTheirDefinitionAndTheScalarOnes(_ instructionSet: Int32) {
        #expect(failures(Double.kernelCases, instructionSet).isEmpty)
    }

    @Test func everyKernelOfTheListIsTested() {
        let names = fieldNames(ck_table_f32(0).pointee)
        #expect(names == fieldNames(ck_table_f64(0).pointee))
        #expect(names.count * MemoryLayout<UnsafeRawPointer>.stride == MemoryLayout<ck_kernels_f32>.stride)
        #expect(MemoryLayout<ck_kernels_f64>.stride == MemoryLayout<ck_kernels_f32>.stride)
        #expect(Set(Float.kernelCases.map(\.kernel)) == Set(names))
        #expect(Set(Double.kernelCases.map(\.kernel)) == Set(names))
    }

    @Test(arguments: instructionSets) func noEntryOfATableIsNull(_ instructionSet: Int32) {
        #expect(nullCount(ck_table_f32(instructionSet).pointee) == 0)
        #expect(nullCount(ck_table_f64(instructionSet).pointee) == 0)
    }

    // MARK: Extremes

    @Test(arguments: instructionSets) func surveySeesEveryKindOfNumber(_ instructionSet: Int32) {
        expectSurveys(Float.kernels(instructionSet))
        expectSurveys(Double.kernels(instructionSet))
    }

    private func expectSurveys<T: KernelScalar>(_ kernels: Kernels<T>) {
        let (least, largest) = (T.leastNonzeroMagnitude, T.greatestFiniteMagnitude)
        // Each value alone at each place of a field of zeros, long enough for whole vectors and a rest.
        for value in [least, -least, T.leastNormalMagnitude, -largest, largest, .infinity, -.infinity, .nan, -0.0] {
            for place in 0..<37 {
                var values = [T](repeating: 0, count: 37)
                values[place] = value
                let survey = kernels.survey(values, 37, 1)
                let square = Double(value) * Double(value)
                let isRight =
                    survey.energy == (value.isFinite ? square : 0)
                    && survey.largest == (value.isFinite ? abs(Double(value)) : 0)
                    && survey.non_finite == (value.isFinite ? 0 : 1) && (survey.has_negative != 0) == (value < 0)
                #expect(isRight, "\(value) at \(place)")
            }
        }
    }

    @Test(arguments: instructionSets) func surveyMeasuresExtremesAtAScale(_ instructionSet: Int32) {
        let double = Double.kernels(instructionSet)
        #expect(
            double.survey([1e300, -1e300, .nan], 3, 0x1p-996).energy == 2 * (1e300 * 0x1p-996 * 1e300 * 0x1p-996))
        #expect(double.survey([1e300], 1, 1).energy == .infinity)
        #expect(double.survey([0x1p-1070, 0], 2, 0x1p1000).energy == 0x1p-140)
        let float = Float.kernels(instructionSet)
        #expect(float.survey([0x1p-149, .infinity], 2, 1).energy == 0x1p-298)
        #expect(float.survey([0x1p127, -0x1p127], 2, 1).energy == 0x1p255)
        #expect(float.survey([0x1p-149], 1, 0x1p100).energy == 0x1p-98)
    }

    @Test(arguments: instructionSets) func copiesKeepEveryKindOfNumber(_ instructionSet: Int32) {
        expectCopies(Float.kernels(instructionSet))
        expectCopies(Double.kernels(instructionSet))
    }

    private func expectCopies<T: KernelScalar>(_ kernels: Kernels<T>) {
        let kinds: [T] = [
            .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, -.infinity, .nan,
            -0.0,
        ]
        let values = (0..<39).map { kinds[$0 % kinds.count] }
        var rows = ck_rows(plane: 0, row: 0, count: 1, length: 39, pitch: 40)
        var window = ck_window(
            count: (1, 1, 39), start: (0, 0, 0), step: (1, 1, 1), array_offset: 0, array_stride: (39, 39), next: 0)
        var tile = [T](repeating: 1, count: 80)
        var summary = [ck_summary(), ck_summary()]
        withUnsafePointer(to: &window) { kernels.gather(values, $0, $0, &tile, &rows, &summary) }
        #expect(summary.allSatisfy { $0.energy.isNaN && $0.has_negative != 0 })
        for part in 0..<2 {
            #expect((0..<39).allSatisfy { isSame(tile[2 * $0 + part], values[$0]) })
            var array = [T](repeating: 1, count: 39)
            kernels.scatter(tile, Int32(part), &array, &window, &rows, 1, 1, -.infinity, -0.0)
            #expect(zip(array, values).allSatisfy { isSame($0, $1) })
        }
    }

    private func isSame<T: BinaryFloatingPoint>(_ a: T, _ b: T) -> Bool {
        a.isNaN ? b.isNaN : a == b && a.sign == b.sign
    }

    @Test(arguments: instructionSets) func theFloorKeepsWhatIsNotANumber(_ instructionSet: Int32) {
        let kernels = Float.kernels(instructionSet)
        var window = ck_window(
            count: (1, 1, 20), start: (0, 0, 0), step: (1, 1, 1), array_offset: 0, array_stride: (20, 20), next: 0)
        var rows = ck_rows(plane: 0, row: 0, count: 1, length: 20, pitch: 20)
        let tile = [Float](repeating: .nan, count: 40)
        for floor in [0, -Float.infinity] {
            var array = [Float](repeating: 1, count: 20)
            kernels.scatter(tile, 0, &array, &window, &rows, 1, 1, floor, 0)
            #expect(array.allSatisfy { $0.isNaN })
        }
    }
}
