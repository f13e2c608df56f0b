import ArgumentParser
@main struct FFTConv: ParsableCommand {}
