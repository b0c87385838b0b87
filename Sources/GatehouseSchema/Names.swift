/// "Did you mean": the nearest of some names by edit distance.
///
/// Near enough to be a slip is one edit for up to four characters, two for up to nine, else three;
/// a difference in case alone always is.
public enum Names {
    /// The nearest name that is near enough; nil where none is.
    public static func nearest(to name: String, among names: some Sequence<String>) -> String? {
        let folded = name.lowercased()
        let limit = name.count <= 4 ? 1 : name.count <= 9 ? 2 : 3
        let ranked = names.filter { $0 != name }.map { candidate in
            (distance(folded, candidate.lowercased(), limit: limit), candidate)
        }
        return ranked.filter { $0.0 <= limit }.min { $0 < $1 }?.1
    }

    /// The edits (insert, delete, replace, swap neighbours) between two texts, of which the first
    /// 128 characters count; more than `limit` is any larger number.
    static func distance(_ a: String, _ b: String, limit: Int) -> Int {
        let a = Array(a.prefix(128))
        let b = Array(b.prefix(128))
        guard abs(a.count - b.count) <= limit else { return limit + 1 }
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                let replaced = rows[i][j] + (a[i] == b[j] ? 0 : 1)
                var best = min(row[j] + 1, rows[i][j + 1] + 1, replaced)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    best = min(best, rows[i - 1][j - 1] + 1)
                }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
