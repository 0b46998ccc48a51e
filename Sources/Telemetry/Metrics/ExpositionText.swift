/// Metrics as Prometheus reads them.
enum ExpositionText {
    static func page(of families: [MetricFamily]) -> String {
        var out = ""
        for family in families.sorted(by: { $0.name < $1.name }) {
            out += "# HELP \(family.name) \(help(MetricGlossary.help(of: family.name)))\n# TYPE \(family.name) \(family.kind.rawValue)\n"
            for (labels, series) in family.series.sorted(by: { text(of: $0.key) < text(of: $1.key) }) {
                if let value = series.value { write(value, of: family, labels, to: &out) }
            }
        }
        return out
    }

    private static func write(_ value: MetricValue, of family: MetricFamily, _ labels: MetricFamily.Labels, to out: inout String) {
        switch value {
        case .number(let number): out += "\(family.name)\(text(of: labels)) \(text(number))\n"
        case .histogram(let counts, let sum):
            var total: UInt64 = 0
            for (index, count) in counts.enumerated() {
                total += count
                let bound = index < family.bounds.count ? text(family.bounds[index]) : "+Inf"
                out += "\(family.name)_bucket\(text(of: labels + [.init(name: "le", value: bound)])) \(total)\n"
            }
            out += "\(family.name)_sum\(text(of: labels)) \(text(sum))\n\(family.name)_count\(text(of: labels)) \(total)\n"
        }
    }

    /// The name with whatever Prometheus does not take replaced.
    static func name(_ text: String) -> String {
        let plain = String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" })
        return plain.first?.isNumber ?? true ? "_" + plain : plain
    }

    private static func text(of labels: MetricFamily.Labels) -> String {
        labels.isEmpty ? "" : "{" + labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
    }

    private static func text(_ number: Double) -> String {
        if let whole = Int64(exactly: number) { return String(whole) }
        return number.isNaN ? "NaN" : number.isInfinite ? (number < 0 ? "-Inf" : "+Inf") : "\(number)"
    }

    /// A value between quotes.
    private static func escaped(_ value: String) -> String {
        var out = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// A text to the end of a line.
    private static func help(_ text: String) -> String {
        text.split(separator: "\n").joined(separator: " ").split(separator: "\\", omittingEmptySubsequences: false).joined(
            separator: "\\\\")
    }
}
