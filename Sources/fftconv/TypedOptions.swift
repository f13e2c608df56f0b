import FFTConvolution

/// The options whose values the library may refuse: an error is to name the option, and to show what was typed there.
struct TypedOptions {
    struct Option {
        /// `--stride`.
        let name: String
        let text: String
        /// The value as the library writes it, where it may have refused another one than that of the option.
        var value: String?
    }

    /// By the library's names for what is refused.
    var options: [String: Option] = [:]

    /// Options as they were typed; what was not typed is refused, if at all, for other reasons.
    static func limits(memoryLimit: String?, tolerance: String? = nil) throws(ConvolutionError) -> TypedOptions {
        var typed = TypedOptions()
        if let memoryLimit, let byteCount = try ExecutionOptions.byteCount(memoryLimit) {
            // The memory of the machine is a limit as well, and nobody's option.
            typed.options["memory limit"] = Option(
                name: "--memory-limit", text: memoryLimit, value: "\(byteCount) bytes")
        }
        if let tolerance { typed.options["tolerance"] = Option(name: "--tolerance", text: tolerance) }
        return typed
    }

    /// The error in the words of the command line, if it is about an option.
    func named(_ error: ConvolutionError) -> ConvolutionError {
        guard let option = options[error.argument], option.value ?? error.value == error.value else { return error }
        return ConvolutionError(
            error.kind, argument: option.name, value: option.text, rule: error.rule, hint: error.hint)
    }
}
