import Governance
import Synchronization
import Upstreams

/// The answers that agents go on reading here after they lost their connection: news of one wakes who waits for more of it.
final class AnswerReaders: Sendable {
    /// One of them, as long as its connection is open.
    final class Place: Sendable {
        /// Rung with each event that was kept, and when another reader has taken the answer up.
        let bell = Bell()
        fileprivate let session: SessionID
        fileprivate let stream: String

        fileprivate init(_ session: SessionID, _ stream: String) {
            self.session = session
            self.stream = stream
        }
    }

    private let places = Mutex<[SessionID: [Place]]>([:])

    /// Notes a reader of the session's stream; nil when the session has `most` here already.
    func enter(_ session: SessionID, _ stream: String, most: Int) -> Place? {
        places.withLock { places in
            guard places[session]?.count ?? 0 < most else { return nil }
            let place = Place(session, stream)
            places[session, default: []].append(place)
            return place
        }
    }

    /// The reader has gone.
    func leave(_ place: Place) {
        places.withLock { places in
            places[place.session]?.removeAll { $0 === place }
            if places[place.session]?.isEmpty == true { places[place.session] = nil }
        }
    }

    /// There is more of the stream.
    func ring(_ session: SessionID, _ stream: String) {
        for place in places.withLock({ $0[session] ?? [] }) where place.stream == stream { place.bell.ring() }
    }
}
