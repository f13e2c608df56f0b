// swift-tools-version: 6.2
import PackageDescription

// The engine's own figures. A package of its own, so that users of the library never fetch a benchmark framework.

/// One suite: an executable that the benchmark plugin finds, builds and runs.
func suite(_ name: String) -> Target {
    .executableTarget(
        name: name,
        dependencies: [
            "Pace", "Peak",
            .product(name: "Benchmark", package: "benchmark"),
            .product(name: "FFTConvolution", package: "swift-fft-convolution"),
            .product(name: "SpectralEngine", package: "swift-fft-convolution"),
        ],
        path: "Benchmarks/\(name)",
        swiftSettings: [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
        ],
        plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
}

let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        // The name makes the folder's own name, which is the cloner's choice, irrelevant.
        .package(name: "swift-fft-convolution", path: ".."),
        // Without its traits, and with them jemalloc: mallocs are not counted, no library is needed.
        .package(url: "https://github.com/ordo-one/benchmark", exact: "1.38.1", traits: []),
    ],
    targets: ["Kernels", "Stages", "Calls"].map(suite) + [
        .target(name: "Pace", dependencies: [.product(name: "Benchmark", package: "benchmark")]),
        // What the machine can do, in registers.
        .target(name: "Peak"),
    ]
)
