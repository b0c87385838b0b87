/// A place in a configuration file.
public struct Position: Sendable, Hashable, Comparable {
    /// The file as the user named it; `<stdin>` for standard input.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// The column in characters, from 1.
    public var column: Int

    /// Makes a position; line and column count from 1.
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// The order in the file; positions of several files are ordered by the file's name.
    public static func < (a: Position, b: Position) -> Bool {
        (a.file, a.line, a.column) < (b.file, b.line, b.column)
    }
}

extension Position: CustomStringConvertible {
    /// `file:line:column`.
    public var description: String { "\(file):\(line):\(column)" }
}
