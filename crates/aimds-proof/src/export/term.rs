//! Terms with named variables, as a person writes them, and their compilation to the nameless expressions of a stream.

use super::stream::{BinderInfo, ExpressionId, LevelId, Levels, Stream};

/// A universe level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Universe {
    /// Propositions.
    Zero,
    /// Data types.
    One,
    /// A parameter of the constant that is being declared.
    Parameter(&'static str),
}

/// A term. An unbound word compiles to a constant of that name, and a constant that does not exist is refused by every
/// kernel; so compilation itself cannot fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    Word(String),
    Constant(String, Vec<Universe>),
    Sort(Universe),
    Apply(Box<Term>, Vec<Term>),
    Lambda(Vec<Binder>, Box<Term>),
    ForAll(Vec<Binder>, Box<Term>),
    /// Functions whose result type does not depend on the argument.
    Arrow(Box<Term>, Box<Term>),
}

/// A bound variable with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binder {
    pub name: String,
    pub info: BinderInfo,
    pub kind: Term,
}

impl Binder {
    pub(crate) fn new(name: impl Into<String>, kind: Term) -> Self {
        Self {
            name: name.into(),
            info: BinderInfo::Default,
            kind,
        }
    }

    pub(crate) fn implicit(name: impl Into<String>, kind: Term) -> Self {
        Self {
            info: BinderInfo::Implicit,
            ..Self::new(name, kind)
        }
    }
}

/// A local variable, or else a constant without universe parameters.
pub(crate) fn word(name: impl Into<String>) -> Term {
    Term::Word(name.into())
}

/// A constant at these universes.
pub(crate) fn constant(name: impl Into<String>, universes: &[Universe]) -> Term {
    Term::Constant(name.into(), universes.to_vec())
}

/// A function with its arguments.
pub(crate) fn apply(function: Term, arguments: Vec<Term>) -> Term {
    Term::Apply(Box::new(function), arguments)
}

/// A function of these variables.
pub(crate) fn lambda(binders: Vec<Binder>, body: Term) -> Term {
    Term::Lambda(binders, Box::new(body))
}

/// A dependent function type, or a universal statement.
pub(crate) fn for_all(binders: Vec<Binder>, body: Term) -> Term {
    Term::ForAll(binders, Box::new(body))
}

/// Functions from each of `arguments` to `result`.
pub(crate) fn arrow(arguments: Vec<Term>, result: Term) -> Term {
    arguments.into_iter().rev().fold(result, |result, argument| {
        Term::Arrow(Box::new(argument), Box::new(result))
    })
}

/// Writes closed `term` to the stream, parts first. Recursion is as deep as the term; ours are bounded.
pub(crate) fn compile(stream: &mut Stream, term: &Term) -> ExpressionId {
    Compiler {
        stream,
        scope: Vec::new(),
    }
    .term(term)
}

struct Compiler<'a> {
    stream: &'a mut Stream,
    /// Names of the variables around, the innermost last; an arrow binds a variable without a name.
    scope: Vec<String>,
}

impl Compiler<'_> {
    fn term(&mut self, term: &Term) -> ExpressionId {
        match term {
            Term::Word(name) => match self.scope.iter().rev().position(|bound| bound == name) {
                Some(index) => self.stream.bound(u32::try_from(index).unwrap_or(u32::MAX)),
                None => self.stream.constant(name, [None, None]),
            },
            Term::Constant(name, universes) => {
                // The name is numbered before its levels.
                self.stream.name(name);
                let levels = self.levels(universes);
                self.stream.constant(name, levels)
            }
            Term::Sort(universe) => {
                let level = self.level(*universe);
                self.stream.sort(level)
            }
            Term::Apply(function, arguments) => {
                let mut result = self.term(function);
                for argument in arguments {
                    let argument = self.term(argument);
                    result = self.stream.application(result, argument);
                }
                result
            }
            Term::Lambda(binders, body) => self.binders(binders, body, Stream::lambda),
            Term::ForAll(binders, body) => self.binders(binders, body, Stream::for_all),
            Term::Arrow(argument, result) => {
                let argument = self.term(argument);
                self.scope.push(String::new());
                let result = self.term(result);
                self.scope.pop();
                self.stream.for_all("a", BinderInfo::Default, argument, result)
            }
        }
    }

    fn binders(
        &mut self,
        binders: &[Binder],
        body: &Term,
        bind: fn(&mut Stream, &str, BinderInfo, ExpressionId, ExpressionId) -> ExpressionId,
    ) -> ExpressionId {
        let Some((first, rest)) = binders.split_first() else {
            return self.term(body);
        };
        let kind = self.term(&first.kind);
        self.scope.push(first.name.clone());
        let inner = self.binders(rest, body, bind);
        self.scope.pop();
        bind(self.stream, &first.name, first.info, kind, inner)
    }

    fn level(&mut self, universe: Universe) -> LevelId {
        match universe {
            Universe::Zero => Stream::LEVEL_ZERO,
            Universe::One => self.stream.level_one(),
            Universe::Parameter(name) => self.stream.level_parameter(name),
        }
    }

    fn levels(&mut self, universes: &[Universe]) -> Levels {
        let mut levels = [None, None];
        for (level, universe) in levels.iter_mut().zip(universes) {
            *level = Some(self.level(*universe));
        }
        levels
    }
}
