import Foundation
import Governance

/// An amount of credits in a body: a number of at most six digits behind the point.
struct Amount: Decodable {
    let credits: Credits

    init(from decoder: any Decoder) throws {
        let number = try decoder.singleValueContainer().decode(Decimal.self)
        guard let credits = Credits(decimal: number.description) else {
            let place = decoder.codingPath.map(\.stringValue).joined(separator: ".")
            throw Problem.invalid("\(place): a number from 0 on with at most six digits behind the point")
        }
        self.credits = credits
    }
}
