//! The writer of export streams: NDJSON 3.1.0, one record a line, in the one form that we call canonical.
//!
//! Names, levels and expressions are hash-consed: each is written once, before its first use, and numbered densely in the
//! order of appearance. Keys stand in a fixed order. So equal terms give equal bytes, and a verifier can write a stream
//! again and compare.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::limits::Limit;

/// A name's number in the stream; 0 is the anonymous one, which is never written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NameId(u32);

/// A universe level's number in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LevelId(u32);

/// An expression's number in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ExpressionId(u32);

/// How a binder is written by a person. It carries no meaning, but it is part of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum BinderInfo {
    Default,
    Implicit,
}

impl BinderInfo {
    fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Implicit => "implicit",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Level {
    Successor(LevelId),
    Parameter(NameId),
}

/// The universe levels of a constant; none has more than `Eq.rec`.
pub(crate) type Levels = [Option<LevelId>; 2];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Expression {
    Bound(u32),
    Sort(LevelId),
    Constant(NameId, Levels),
    Application(ExpressionId, ExpressionId),
    Lambda(NameId, ExpressionId, ExpressionId, BinderInfo),
    ForAll(NameId, ExpressionId, ExpressionId, BinderInfo),
}

/// One constructor of an inductive type, as its record tells it.
pub(crate) struct ConstructorRecord {
    pub name: NameId,
    pub kind: ExpressionId,
    pub fields: usize,
    /// What the recursor yields for it.
    pub rule: ExpressionId,
}

/// An inductive type with its constructors and its recursor, as its record tells it.
pub(crate) struct InductiveRecord<'a> {
    pub name: NameId,
    pub level_parameters: &'a [NameId],
    pub kind: ExpressionId,
    pub parameters: usize,
    pub indices: usize,
    pub is_recursive: bool,
    pub constructors: &'a [ConstructorRecord],
    pub recursor: NameId,
    pub recursor_level_parameters: &'a [NameId],
    pub recursor_kind: ExpressionId,
    /// Whether the recursor reduces on any proof, as that of `Eq` does.
    pub k: bool,
}

/// A stream under construction.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    text: String,
    bytes_max: usize,
    is_full: bool,
    names: HashMap<String, NameId>,
    levels: HashMap<Level, LevelId>,
    expressions: HashMap<Expression, ExpressionId>,
    /// By expression: the greatest height of the definitions in it.
    heights: Vec<u32>,
    definition_heights: HashMap<NameId, u32>,
}

impl Stream {
    pub(crate) const LEVEL_ZERO: LevelId = LevelId(0);

    /// A stream that holds its first line. Beyond `bytes_max` nothing is appended any more, and [`Stream::finish`] says so.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let mut stream = Self {
            text: String::new(),
            bytes_max,
            is_full: false,
            names: HashMap::new(),
            levels: HashMap::new(),
            expressions: HashMap::new(),
            heights: Vec::new(),
            definition_heights: HashMap::new(),
        };
        // The version of the crate is not taken: it would change the hash of an unchanged prelude.
        stream.line(format_args!(
            "{{\"meta\":{{\"exporter\":{{\"name\":\"aimds\",\"version\":\"0.1.0\"}},\
             \"lean\":{{\"githash\":\"\",\"version\":\"4.31.0\"}},\"format\":{{\"version\":\"3.1.0\"}}}}}}"
        ));
        stream
    }

    /// The same stream with another bound.
    pub(crate) fn with_bytes_max(&self, bytes_max: usize) -> Self {
        let mut stream = self.clone();
        stream.bytes_max = bytes_max;
        stream
    }

    /// The bytes written so far.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// All bytes, or that they were too many.
    pub(crate) fn finish(self) -> Result<String, Limit> {
        if self.is_full {
            return Err(Limit::StreamBytes);
        }
        Ok(self.text)
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        if self.is_full {
            return;
        }
        // Writing to a `String` cannot fail.
        let _ = self.text.write_fmt(line);
        self.text.push('\n');
        self.is_full = self.text.len() > self.bytes_max;
    }

    /// The name with these dotted components, each of letters, digits and underscores.
    pub(crate) fn name(&mut self, dotted: &str) -> NameId {
        if let Some(id) = self.names.get(dotted) {
            return *id;
        }
        let (prefix, last) = match dotted.rsplit_once('.') {
            Some((prefix, last)) => (self.name(prefix), last),
            None => (NameId(0), dotted),
        };
        let id = NameId(next(self.names.len() + 1));
        self.names.insert(dotted.to_owned(), id);
        self.line(format_args!(
            "{{\"in\":{},\"str\":{{\"pre\":{},\"str\":\"{last}\"}}}}",
            id.0, prefix.0
        ));
        id
    }

    fn level(&mut self, level: Level) -> LevelId {
        if let Some(id) = self.levels.get(&level) {
            return *id;
        }
        let id = LevelId(next(self.levels.len() + 1));
        self.levels.insert(level, id);
        match level {
            Level::Successor(below) => self.line(format_args!("{{\"il\":{},\"succ\":{}}}", id.0, below.0)),
            Level::Parameter(name) => self.line(format_args!("{{\"il\":{},\"param\":{}}}", id.0, name.0)),
        }
        id
    }

    /// The level one, where data types live.
    pub(crate) fn level_one(&mut self) -> LevelId {
        self.level(Level::Successor(Self::LEVEL_ZERO))
    }

    /// A universe parameter.
    pub(crate) fn level_parameter(&mut self, name: &str) -> LevelId {
        let name = self.name(name);
        self.level(Level::Parameter(name))
    }

    fn expression(&mut self, expression: Expression, height: u32) -> ExpressionId {
        if let Some(id) = self.expressions.get(&expression) {
            return *id;
        }
        let id = ExpressionId(next(self.expressions.len()));
        self.expressions.insert(expression, id);
        self.heights.push(height);
        self.write_expression(id.0, expression);
        id
    }

    fn write_expression(&mut self, id: u32, expression: Expression) {
        match expression {
            Expression::Bound(index) => self.line(format_args!("{{\"ie\":{id},\"bvar\":{index}}}")),
            Expression::Sort(level) => self.line(format_args!("{{\"ie\":{id},\"sort\":{}}}", level.0)),
            Expression::Constant(name, levels) => {
                let levels = numbers(levels.into_iter().flatten().map(|level| level.0));
                self.line(format_args!(
                    "{{\"ie\":{id},\"const\":{{\"name\":{},\"us\":{levels}}}}}",
                    name.0
                ));
            }
            Expression::Application(function, argument) => self.line(format_args!(
                "{{\"ie\":{id},\"app\":{{\"fn\":{},\"arg\":{}}}}}",
                function.0, argument.0
            )),
            Expression::Lambda(name, kind, body, info) => {
                self.write_binder(id, "lam", name, kind, body, info);
            }
            Expression::ForAll(name, kind, body, info) => {
                self.write_binder(id, "forallE", name, kind, body, info);
            }
        }
    }

    fn write_binder(
        &mut self,
        id: u32,
        word: &str,
        name: NameId,
        kind: ExpressionId,
        body: ExpressionId,
        info: BinderInfo,
    ) {
        self.line(format_args!(
            "{{\"ie\":{id},\"{word}\":{{\"name\":{},\"type\":{},\"body\":{},\"binderInfo\":\"{}\"}}}}",
            name.0,
            kind.0,
            body.0,
            info.word()
        ));
    }

    fn height(&self, expression: ExpressionId) -> u32 {
        self.heights.get(expression.0 as usize).copied().unwrap_or(0)
    }

    pub(crate) fn bound(&mut self, index: u32) -> ExpressionId {
        self.expression(Expression::Bound(index), 0)
    }

    pub(crate) fn sort(&mut self, level: LevelId) -> ExpressionId {
        self.expression(Expression::Sort(level), 0)
    }

    pub(crate) fn constant(&mut self, name: &str, levels: Levels) -> ExpressionId {
        let name = self.name(name);
        let height = self.definition_heights.get(&name).copied().unwrap_or(0);
        self.expression(Expression::Constant(name, levels), height)
    }

    pub(crate) fn application(&mut self, function: ExpressionId, argument: ExpressionId) -> ExpressionId {
        let height = self.height(function).max(self.height(argument));
        self.expression(Expression::Application(function, argument), height)
    }

    pub(crate) fn lambda(
        &mut self,
        name: &str,
        info: BinderInfo,
        kind: ExpressionId,
        body: ExpressionId,
    ) -> ExpressionId {
        let name = self.name(name);
        let height = self.height(kind).max(self.height(body));
        self.expression(Expression::Lambda(name, kind, body, info), height)
    }

    pub(crate) fn for_all(
        &mut self,
        name: &str,
        info: BinderInfo,
        kind: ExpressionId,
        body: ExpressionId,
    ) -> ExpressionId {
        let name = self.name(name);
        let height = self.height(kind).max(self.height(body));
        self.expression(Expression::ForAll(name, kind, body, info), height)
    }

    /// Declares `name` as an abbreviation of `value`.
    pub(crate) fn definition(&mut self, name: &str, kind: ExpressionId, value: ExpressionId) {
        let height = self.height(value).saturating_add(1);
        let id = self.name(name);
        self.definition_heights.insert(id, height);
        self.line(format_args!(
            "{{\"def\":{{\"name\":{0},\"levelParams\":[],\"type\":{1},\"value\":{2},\
             \"hints\":{{\"regular\":{height}}},\"safety\":\"safe\",\"all\":[{0}]}}}}",
            id.0, kind.0, value.0
        ));
    }

    /// States `kind`, a proposition, with its proof.
    pub(crate) fn theorem(&mut self, name: &str, kind: ExpressionId, proof: ExpressionId) {
        let id = self.name(name);
        self.line(format_args!(
            "{{\"thm\":{{\"name\":{0},\"levelParams\":[],\"type\":{1},\"value\":{2},\"all\":[{0}]}}}}",
            id.0, kind.0, proof.0
        ));
    }

    /// Declares an inductive type.
    pub(crate) fn inductive(&mut self, record: &InductiveRecord<'_>) {
        let name = record.name.0;
        let level_parameters = numbers(record.level_parameters.iter().map(|name| name.0));
        let constructor_names = numbers(record.constructors.iter().map(|constructor| constructor.name.0));
        let mut constructors = String::new();
        let mut rules = String::new();
        for (at, constructor) in record.constructors.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let _ = write!(
                constructors,
                "{comma}{{\"name\":{},\"levelParams\":{level_parameters},\"type\":{},\"induct\":{name},\"cidx\":{at},\
                 \"numParams\":{},\"numFields\":{},\"isUnsafe\":false}}",
                constructor.name.0, constructor.kind.0, record.parameters, constructor.fields
            );
            let _ = write!(
                rules,
                "{comma}{{\"ctor\":{},\"nfields\":{},\"rhs\":{}}}",
                constructor.name.0, constructor.fields, constructor.rule.0
            );
        }
        self.line(format_args!(
            "{{\"inductive\":{{\"types\":[{{\"name\":{name},\"levelParams\":{level_parameters},\"type\":{},\
             \"numParams\":{},\"numIndices\":{},\"all\":[{name}],\"ctors\":{constructor_names},\"numNested\":0,\
             \"isRec\":{},\"isUnsafe\":false,\"isReflexive\":false}}],\"ctors\":[{constructors}],\
             \"recs\":[{{\"name\":{},\"levelParams\":{},\"type\":{},\"all\":[{name}],\"numParams\":{},\
             \"numIndices\":{},\"numMotives\":1,\"numMinors\":{},\"k\":{},\"isUnsafe\":false,\"rules\":[{rules}]}}]}}}}",
            record.kind.0,
            record.parameters,
            record.indices,
            record.is_recursive,
            record.recursor.0,
            numbers(record.recursor_level_parameters.iter().map(|name| name.0)),
            record.recursor_kind.0,
            record.parameters,
            record.indices,
            record.constructors.len(),
            record.k,
        ));
    }
}

/// The next dense number. A stream is full long before `u32` is; the sentinel would make any kernel refuse the record.
fn next(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn numbers(values: impl Iterator<Item = u32>) -> String {
    let mut list = String::from("[");
    for (at, value) in values.enumerate() {
        let _ = write!(list, "{}{value}", if at == 0 { "" } else { "," });
    }
    list.push(']');
    list
}
