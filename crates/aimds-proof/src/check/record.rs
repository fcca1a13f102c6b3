//! One line of a stream as a record, in canonical form (see `export/stream.rs`, which writes it).

use super::scanner::Scanner;
use crate::outcome::{Checked, Reason};

/// The first line of every stream of this version.
const META: &str = "{\"meta\":{\"exporter\":{\"name\":\"aimds\",\"version\":\"0.1.0\"},\
                    \"lean\":{\"githash\":\"\",\"version\":\"4.31.0\"},\"format\":{\"version\":\"3.1.0\"}}}";

/// Kinds of the format that no stream of ours may hold, by what their lines contain.
const FOREIGN_KINDS: [(&str, &str); 9] = [
    ("{\"axiom\":", "axiom"),
    ("{\"opaque\":", "opaque"),
    ("{\"quot\":", "quot"),
    ("\"natVal\":", "natVal"),
    ("\"strVal\":", "strVal"),
    ("\"proj\":", "proj"),
    ("\"mdata\":", "mdata"),
    ("\"imax\":", "imax"),
    ("\"max\":", "max"),
];

/// A record; numbers are those of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record<'a> {
    Meta,
    Name {
        id: u32,
        prefix: u32,
        last: &'a str,
    },
    Level {
        id: u32,
        level: LevelShape,
    },
    Expression {
        id: u32,
        expression: ExpressionShape,
    },
    Definition {
        name: u32,
        universes: Vec<u32>,
        kind: u32,
        value: u32,
        height: u32,
    },
    Theorem {
        name: u32,
        universes: Vec<u32>,
        kind: u32,
        value: u32,
    },
    Inductive(Box<InductiveShape>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LevelShape {
    Successor(u32),
    Parameter(u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExpressionShape {
    Bound(u32),
    Sort(u32),
    Constant(u32, Vec<u32>),
    Application(u32, u32),
    /// Name, type, body.
    Lambda(u32, u32, u32),
    ForAll(u32, u32, u32),
    /// Name, type, value, body.
    Let(u32, u32, u32, u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InductiveShape {
    pub name: u32,
    pub universes: Vec<u32>,
    pub kind: u32,
    pub parameters: u32,
    pub indices: u32,
    pub all: Vec<u32>,
    pub constructor_names: Vec<u32>,
    pub is_recursive: bool,
    pub constructors: Vec<ConstructorShape>,
    pub recursor: RecursorShape,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConstructorShape {
    pub name: u32,
    pub universes: Vec<u32>,
    pub kind: u32,
    pub inductive: u32,
    pub index: u32,
    pub parameters: u32,
    pub fields: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecursorShape {
    pub name: u32,
    pub universes: Vec<u32>,
    pub kind: u32,
    pub all: Vec<u32>,
    pub parameters: u32,
    pub indices: u32,
    pub cases: u32,
    pub k: bool,
    /// Constructor, number of fields, value.
    pub rules: Vec<(u32, u32, u32)>,
}

/// Reads one line, without its end.
pub(crate) fn read(line: &str) -> Checked<Record<'_>> {
    let mut scan = Scanner::new(line);
    let record = if scan.takes("{\"ie\":") {
        let id = scan.number()?;
        scan.literal(",\"")?;
        let expression = expression(&mut scan)?;
        Record::Expression { id, expression }
    } else if scan.takes("{\"in\":") {
        let id = scan.number()?;
        scan.literal(",\"str\":{\"pre\":")?;
        let prefix = scan.number()?;
        scan.literal(",\"str\":\"")?;
        let last = scan.component()?;
        scan.literal("}}")?;
        Record::Name { id, prefix, last }
    } else if scan.takes("{\"il\":") {
        let id = scan.number()?;
        let level = level(&mut scan)?;
        scan.literal("}")?;
        Record::Level { id, level }
    } else if scan.takes("{\"def\":") {
        definition(&mut scan)?
    } else if scan.takes("{\"thm\":") {
        theorem(&mut scan)?
    } else if scan.takes("{\"inductive\":") {
        Record::Inductive(Box::new(inductive(&mut scan)?))
    } else if scan.takes(META) {
        Record::Meta
    } else {
        return Err(foreign(line)
            .unwrap_or(Reason::Syntax("a record of format 3.1.0"))
            .into());
    };
    scan.end()?;
    Ok(record)
}

fn foreign(line: &str) -> Option<Reason> {
    let (_, kind) = FOREIGN_KINDS.iter().find(|(text, _)| line.contains(text))?;
    Some(Reason::Kind(kind))
}

fn level(scan: &mut Scanner<'_>) -> Checked<LevelShape> {
    if scan.takes(",\"succ\":") {
        return scan.number().map(LevelShape::Successor);
    }
    if scan.takes(",\"param\":") {
        return scan.number().map(LevelShape::Parameter);
    }
    Err(foreign(scan.rest())
        .unwrap_or(Reason::Syntax("succ or param"))
        .into())
}

fn expression(scan: &mut Scanner<'_>) -> Checked<ExpressionShape> {
    let shape = if scan.takes("app\":{\"fn\":") {
        let function = scan.number()?;
        scan.literal(",\"arg\":")?;
        let argument = scan.number()?;
        scan.literal("}}")?;
        return Ok(ExpressionShape::Application(function, argument));
    } else if scan.takes("const\":{\"name\":") {
        let name = scan.number()?;
        scan.literal(",\"us\":")?;
        let universes = scan.numbers()?;
        scan.literal("}")?;
        ExpressionShape::Constant(name, universes)
    } else if scan.takes("lam\":") {
        let (name, kind, body) = binder(scan)?;
        ExpressionShape::Lambda(name, kind, body)
    } else if scan.takes("forallE\":") {
        let (name, kind, body) = binder(scan)?;
        ExpressionShape::ForAll(name, kind, body)
    } else if scan.takes("bvar\":") {
        ExpressionShape::Bound(scan.number()?)
    } else if scan.takes("sort\":") {
        ExpressionShape::Sort(scan.number()?)
    } else if scan.takes("letE\":{\"name\":") {
        let name = scan.number()?;
        scan.literal(",\"type\":")?;
        let kind = scan.number()?;
        scan.literal(",\"value\":")?;
        let value = scan.number()?;
        scan.literal(",\"body\":")?;
        let body = scan.number()?;
        scan.literal(",\"nondep\":false}")?;
        ExpressionShape::Let(name, kind, value, body)
    } else {
        let quoted = format!("\"{}", scan.rest());
        return Err(foreign(&quoted).unwrap_or(Reason::Syntax("an expression")).into());
    };
    scan.literal("}")?;
    Ok(shape)
}

fn binder(scan: &mut Scanner<'_>) -> Checked<(u32, u32, u32)> {
    scan.literal("{\"name\":")?;
    let name = scan.number()?;
    scan.literal(",\"type\":")?;
    let kind = scan.number()?;
    scan.literal(",\"body\":")?;
    let body = scan.number()?;
    if !scan.takes(",\"binderInfo\":\"default\"}") {
        scan.literal(",\"binderInfo\":\"implicit\"}")?;
    }
    Ok((name, kind, body))
}

/// Name, universe parameters, type and value of a declaration.
fn declaration(scan: &mut Scanner<'_>) -> Checked<(u32, Vec<u32>, u32, u32)> {
    scan.literal("{\"name\":")?;
    let name = scan.number()?;
    scan.literal(",\"levelParams\":")?;
    let universes = scan.numbers()?;
    scan.literal(",\"type\":")?;
    let kind = scan.number()?;
    scan.literal(",\"value\":")?;
    let value = scan.number()?;
    Ok((name, universes, kind, value))
}

/// The list of all constants of the declaration, which is itself.
fn itself(scan: &mut Scanner<'_>, name: u32) -> Checked<()> {
    scan.literal(",\"all\":")?;
    if scan.numbers()? != [name] {
        return Err(Reason::Syntax("all: the declaration itself").into());
    }
    Ok(())
}

fn definition<'a>(scan: &mut Scanner<'_>) -> Checked<Record<'a>> {
    let (name, universes, kind, value) = declaration(scan)?;
    scan.literal(",\"hints\":{\"regular\":")?;
    let height = scan.number()?;
    scan.literal("},\"safety\":\"safe\"")?;
    itself(scan, name)?;
    scan.literal("}}")?;
    Ok(Record::Definition {
        name,
        universes,
        kind,
        value,
        height,
    })
}

fn theorem<'a>(scan: &mut Scanner<'_>) -> Checked<Record<'a>> {
    let (name, universes, kind, value) = declaration(scan)?;
    itself(scan, name)?;
    scan.literal("}}")?;
    Ok(Record::Theorem {
        name,
        universes,
        kind,
        value,
    })
}

fn field(scan: &mut Scanner<'_>, key: &'static str) -> Checked<u32> {
    scan.literal(key)?;
    scan.number()
}

fn list(scan: &mut Scanner<'_>, key: &'static str) -> Checked<Vec<u32>> {
    scan.literal(key)?;
    scan.numbers()
}

fn inductive(scan: &mut Scanner<'_>) -> Checked<InductiveShape> {
    let name = field(scan, "{\"types\":[{\"name\":")?;
    let universes = list(scan, ",\"levelParams\":")?;
    let kind = field(scan, ",\"type\":")?;
    let parameters = field(scan, ",\"numParams\":")?;
    let indices = field(scan, ",\"numIndices\":")?;
    let all = list(scan, ",\"all\":")?;
    let constructor_names = list(scan, ",\"ctors\":")?;
    scan.literal(",\"numNested\":0,\"isRec\":")?;
    let is_recursive = scan.boolean()?;
    scan.literal(",\"isUnsafe\":false,\"isReflexive\":false}],\"ctors\":[")?;
    let mut constructors = Vec::new();
    for at in 0..constructor_names.len() {
        if at > 0 {
            scan.literal(",")?;
        }
        constructors.push(constructor(scan)?);
    }
    scan.literal("],\"recs\":[")?;
    let recursor = recursor(scan, constructor_names.len())?;
    scan.literal("]}}")?;
    Ok(InductiveShape {
        name,
        universes,
        kind,
        parameters,
        indices,
        all,
        constructor_names,
        is_recursive,
        constructors,
        recursor,
    })
}

fn constructor(scan: &mut Scanner<'_>) -> Checked<ConstructorShape> {
    let shape = ConstructorShape {
        name: field(scan, "{\"name\":")?,
        universes: list(scan, ",\"levelParams\":")?,
        kind: field(scan, ",\"type\":")?,
        inductive: field(scan, ",\"induct\":")?,
        index: field(scan, ",\"cidx\":")?,
        parameters: field(scan, ",\"numParams\":")?,
        fields: field(scan, ",\"numFields\":")?,
    };
    scan.literal(",\"isUnsafe\":false}")?;
    Ok(shape)
}

fn recursor(scan: &mut Scanner<'_>, rule_count: usize) -> Checked<RecursorShape> {
    let name = field(scan, "{\"name\":")?;
    let universes = list(scan, ",\"levelParams\":")?;
    let kind = field(scan, ",\"type\":")?;
    let all = list(scan, ",\"all\":")?;
    let parameters = field(scan, ",\"numParams\":")?;
    let indices = field(scan, ",\"numIndices\":")?;
    let cases = field(scan, ",\"numMotives\":1,\"numMinors\":")?;
    scan.literal(",\"k\":")?;
    let k = scan.boolean()?;
    scan.literal(",\"isUnsafe\":false,\"rules\":[")?;
    let mut rules = Vec::new();
    for at in 0..rule_count {
        let open = if at == 0 { "{\"ctor\":" } else { ",{\"ctor\":" };
        let constructor = field(scan, open)?;
        let fields = field(scan, ",\"nfields\":")?;
        let value = field(scan, ",\"rhs\":")?;
        scan.literal("}")?;
        rules.push((constructor, fields, value));
    }
    scan.literal("]}")?;
    Ok(RecursorShape {
        name,
        universes,
        kind,
        all,
        parameters,
        indices,
        cases,
        k,
        rules,
    })
}
