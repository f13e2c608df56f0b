// Size arithmetic of the problem layer. Sizes come from users and files; every product and sum of them
// goes through these functions, so that an overflow is an error with a name and never a trap or a wrap.

/// The product of sizes, or an error naming `quantity` if it does not fit in `Int`.
func checkedProduct(_ factors: [Int], quantity: String) throws(ConvolutionError) -> Int {
    var product = 1
    for factor in factors {
        let (value, overflow) = product.multipliedReportingOverflow(by: factor)
        // A later zero makes the true product zero, yet each size must be addressable on its own way there.
        if overflow { throw overflowError(factors, quantity) }
        product = value
    }
    return product
}

/// The sum of sizes, or an error naming `quantity` if it does not fit in `Int`.
func checkedSum(_ terms: [Int], quantity: String) throws(ConvolutionError) -> Int {
    var sum = 0
    for term in terms {
        let (value, overflow) = sum.addingReportingOverflow(term)
        if overflow { throw overflowError(terms, quantity) }
        sum = value
    }
    return sum
}

private func overflowError(_ values: [Int], _ quantity: String) -> ConvolutionError {
    ConvolutionError(.mismatch, argument: quantity, value: values, rule: "must not overflow 64-bit sizes")
}
