import ArrayFiles
import FFTConvolution

/// The arrays of a command line, and the precision they are computed in.
struct ArrayInput {
    let arrays: [NumPyArray]

    /// Reads the files in order; `-` is standard input, which can be read once.
    ///
    /// - Parameters:
    ///   - operands: What each is in the user's words, and its path.
    ///   - policy: Whether samples must be finite. Plans look too, but at arrays with other axes, and some are turned before.
    init(_ operands: [(name: String, path: String)], _ policy: NonFinitePolicy) throws {
        guard operands.count(where: { $0.path == "-" }) <= 1 else {
            throw Failure(
                .commandLine, argument: "input", value: "'-' twice", rule: "standard input can be read once")
        }
        var arrays: [NumPyArray] = []
        for (name, path) in operands {
            let array = try NumPyFile.read(path: path)
            if policy == .reject { try array.requireFinite(name) }
            arrays.append(array)
            try Interrupts.check()
        }
        self.arrays = arrays
    }

    /// f64 if any operand is, else f32.
    var precision: Precision {
        arrays.contains {
            if case .float64 = $0.elements { true } else { false }
        } ? .float64 : .float32
    }

    /// Calls `body` with the scalar type of ``precision``.
    func withScalar<Result>(_ body: (any ConvolutionScalar.Type) throws -> Result) rethrows -> Result {
        try body(precision == .float64 ? Double.self : Float.self)
    }
}

extension NumPyArray {
    fileprivate func requireFinite(_ name: String) throws(ConvolutionError) {
        func check<Scalar: ConvolutionScalar>(_ values: [Scalar]) throws(ConvolutionError) {
            guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
            throw .nonFinite(tensor: name, shape: shape, index: index, value: values[index])
        }
        switch elements {
        case .float32(let values): try check(values)
        case .float64(let values): try check(values)
        }
    }

    /// The elements in the precision of a computation, under the shape of its problem.
    func tensor<Scalar: ConvolutionScalar>(
        of type: Scalar.Type, shape: [Int]
    ) throws(ConvolutionError) -> Tensor<Scalar> {
        switch elements {
        case .float32(let values): try Tensor(shape: shape, elements: Self.converted(values))
        case .float64(let values): try Tensor(shape: shape, elements: Self.converted(values))
        }
    }

    /// A result under the shape its user expects.
    init<Scalar: ConvolutionScalar>(_ tensor: Tensor<Scalar>, shape: [Int]) throws(ConvolutionError) {
        if let values = Self.identical(tensor.elements, as: Float.self) {
            self.init(shape: shape, elements: .float32(values))
        } else {
            self.init(shape: shape, elements: .float64(try Self.converted(tensor.elements)))
        }
    }

    private static func converted<Source: ConvolutionScalar, Scalar: ConvolutionScalar>(
        _ values: [Source]
    ) throws(ConvolutionError) -> [Scalar] {
        if let values = identical(values, as: Scalar.self) { return values }
        // `map` would end the process where the memory is short.
        var converted = try Tensor<Scalar>(zeros: [values.count]).elements
        for index in values.indices { converted[index] = Scalar(values[index]) }
        return converted
    }

    /// The same array, if its elements are of that type. By way of `Any`, as a cast from array to array would copy it
    /// element by element.
    private static func identical<Source, Scalar>(_ values: [Source], as type: Scalar.Type) -> [Scalar]? {
        Source.self == Scalar.self ? (values as Any) as? [Scalar] : nil
    }
}
