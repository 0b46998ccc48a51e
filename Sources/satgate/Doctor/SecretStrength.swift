/// How easily a secret is guessed, as far as it shows by itself.
enum SecretStrength {
    /// Bytes of a secret that nobody guesses.
    static let enough = 32

    /// What makes it weak; nil where nothing shows.
    static func flaw(of secret: some Collection<UInt8>) -> String? {
        let bytes = Array(secret)
        if bytes.count < enough { return "is shorter than \(enough) bytes" }
        // Nobody draws so few kinds at random, not even of 16 hex digits.
        if Set(bytes).count < 10 { return "has fewer than 10 different bytes" }
        if (1...bytes.count / 2).contains(where: { isRepeated(bytes, every: $0) }) { return "repeats itself" }
        return isSteady(bytes) ? "counts up or down" : nil
    }

    private static func isRepeated(_ bytes: [UInt8], every period: Int) -> Bool {
        bytes.dropFirst(period).elementsEqual(bytes.dropLast(period))
    }

    private static func isSteady(_ bytes: [UInt8]) -> Bool {
        let steps = zip(bytes.dropFirst(), bytes).map { $0 &- $1 }
        return Set(steps).count == 1
    }
}
