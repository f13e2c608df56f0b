/// The version of this package.
public enum FFTConvolutionLibrary {
    public static let version = "0.1.0"
}
