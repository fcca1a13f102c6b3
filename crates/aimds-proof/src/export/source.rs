//! Reads the prelude's text (`prelude.lisp`) and that of theorems (`universal/modes.lisp`): parentheses, words and comments, then
//! declarations.

use super::inductive::{Constructor, DataType, declare_equality};
use super::stream::Stream;
use super::term::{Binder, Term, Universe, apply, arrow, compile, constant, for_all, lambda, word};

/// Words and lists as they stand in the text.
enum Tree<'a> {
    Word(&'a str),
    List(Vec<Tree<'a>>),
}

/// One declaration of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Declaration {
    Data(DataType),
    Definition {
        name: String,
        kind: Term,
        value: Term,
    },
    Theorem {
        name: String,
        statement: Term,
        proof: Term,
    },
}

/// What `text` declares, in order. `None` if it is not of the form that its head describes.
pub(crate) fn parse(text: &str) -> Option<Vec<Declaration>> {
    read(text)?.iter().map(declaration).collect()
}

/// Writes `Eq` and then `declarations`.
pub(crate) fn declare_all(stream: &mut Stream, declarations: &[Declaration]) {
    declare_equality(stream);
    declare(stream, declarations);
}

/// Writes `declarations`.
pub(crate) fn declare(stream: &mut Stream, declarations: &[Declaration]) {
    for declaration in declarations {
        match declaration {
            Declaration::Data(data) => data.declare(stream),
            Declaration::Definition { name, kind, value } => {
                let kind = compile(stream, kind);
                let value = compile(stream, value);
                stream.definition(name, kind, value);
            }
            Declaration::Theorem {
                name,
                statement,
                proof,
            } => {
                let statement = compile(stream, statement);
                let proof = compile(stream, proof);
                stream.theorem(name, statement, proof);
            }
        }
    }
}

fn declaration(tree: &Tree<'_>) -> Option<Declaration> {
    let Tree::List(parts) = tree else { return None };
    match parts.as_slice() {
        [Tree::Word("inductive"), Tree::Word(name), constructors @ ..] => Some(Declaration::Data(DataType {
            name: qualified(name),
            constructors: constructors.iter().map(constructor).collect::<Option<_>>()?,
        })),
        [Tree::Word("theorem"), Tree::Word(name), statement, proof] => Some(Declaration::Theorem {
            name: qualified(name),
            statement: term(statement)?,
            proof: term(proof)?,
        }),
        [Tree::Word("definition"), Tree::Word(name), kind, value] => Some(Declaration::Definition {
            name: qualified(name),
            kind: term(kind)?,
            value: term(value)?,
        }),
        _ => None,
    }
}

fn read(text: &str) -> Option<Vec<Tree<'_>>> {
    // The lists that are still open, the innermost last; the first is the text as a whole.
    let mut open: Vec<Vec<Tree<'_>>> = vec![Vec::new()];
    for line in text.lines() {
        let code = line.split(';').next().unwrap_or_default();
        let mut rest = code.trim_start();
        while !rest.is_empty() {
            let length = rest.find([' ', '(', ')']).unwrap_or(rest.len()).max(1);
            let (token, after) = rest.split_at_checked(length)?;
            match token {
                "(" => open.push(Vec::new()),
                ")" => {
                    let list = open.pop()?;
                    open.last_mut()?.push(Tree::List(list));
                }
                token => open.last_mut()?.push(Tree::Word(token)),
            }
            rest = after.trim_start();
        }
    }
    let trees = open.pop()?;
    open.is_empty().then_some(trees)
}

fn qualified(name: &str) -> String {
    if name == "Bool" || name.starts_with("Bool.") {
        name.to_owned()
    } else {
        format!("Aimds.{name}")
    }
}

fn constructor(tree: &Tree<'_>) -> Option<Constructor> {
    let Tree::List(parts) = tree else { return None };
    let [Tree::Word(name), fields @ ..] = parts.as_slice() else {
        return None;
    };
    let fields = fields
        .iter()
        .map(|field| match field {
            Tree::List(parts) => match parts.as_slice() {
                [Tree::Word(name), Tree::Word(kind)] => Some(((*name).to_owned(), qualified(kind))),
                _ => None,
            },
            Tree::Word(_) => None,
        })
        .collect::<Option<_>>()?;
    Some(Constructor {
        name: (*name).to_owned(),
        fields,
    })
}

fn term(tree: &Tree<'_>) -> Option<Term> {
    term_in(tree, &mut Vec::new())
}

fn term_in(tree: &Tree<'_>, scope: &mut Vec<String>) -> Option<Term> {
    let parts = match tree {
        Tree::Word(name) if scope.iter().any(|bound| bound == name) => return Some(word(*name)),
        Tree::Word("refl") => return Some(reflexivity()),
        Tree::Word(name) => return Some(word(qualified(name))),
        Tree::List(parts) => parts,
    };
    match parts.as_slice() {
        [Tree::Word("fun"), binders @ .., body] => function(binders, body, scope, lambda),
        [Tree::Word("all"), binders @ .., body] => function(binders, body, scope, for_all),
        [Tree::Word("is"), inner] => Some(is_true(term_in(inner, scope)?)),
        [Tree::Word("le"), left, right] => {
            let left = apply(word("Aimds.not"), vec![term_in(left, scope)?]);
            Some(apply(word("Aimds.or"), vec![left, term_in(right, scope)?]))
        }
        [Tree::Word("ind"), Tree::Word(data), rest @ ..] => {
            let recursor = constant(format!("{}.rec", qualified(data)), &[Universe::Zero]);
            Some(apply(recursor, terms(rest, scope)?))
        }
        [Tree::Word("->"), arguments @ .., result] => {
            Some(arrow(terms(arguments, scope)?, term_in(result, scope)?))
        }
        [Tree::Word("rec"), Tree::Word(data), result, rest @ ..] => {
            Some(recursion(data, term_in(result, scope)?, terms(rest, scope)?))
        }
        [Tree::Word("if"), result, condition, then, otherwise] => {
            let arguments = terms_of([otherwise, then, condition], scope)?;
            Some(recursion("Bool", term_in(result, scope)?, arguments))
        }
        [function, arguments @ ..] => Some(apply(term_in(function, scope)?, terms(arguments, scope)?)),
        [] => None,
    }
}

fn terms(trees: &[Tree<'_>], scope: &mut Vec<String>) -> Option<Vec<Term>> {
    terms_of(trees, scope)
}

fn terms_of<'a, 'b: 'a>(
    trees: impl IntoIterator<Item = &'a Tree<'b>>,
    scope: &mut Vec<String>,
) -> Option<Vec<Term>> {
    trees.into_iter().map(|tree| term_in(tree, scope)).collect()
}

/// A function or a universal statement, as `bind` makes it.
fn function(
    binders: &[Tree<'_>],
    body: &Tree<'_>,
    scope: &mut Vec<String>,
    bind: fn(Vec<Binder>, Term) -> Term,
) -> Option<Term> {
    if binders.is_empty() {
        return None;
    }
    let before = scope.len();
    let mut bound = Vec::new();
    for binder in binders {
        let Tree::List(parts) = binder else { return None };
        let [Tree::Word(name), kind] = parts.as_slice() else {
            return None;
        };
        bound.push(Binder::new(*name, term_in(kind, scope)?));
        scope.push((*name).to_owned());
    }
    let body = term_in(body, scope)?;
    scope.truncate(before);
    Some(bind(bound, body))
}

/// `term = Bool.true`.
pub(crate) fn is_true(term: Term) -> Term {
    let equal = constant("Eq", &[Universe::One]);
    apply(equal, vec![word("Bool"), term, word("Bool.true")])
}

/// The proof that `Bool.true` is itself.
pub(crate) fn reflexivity() -> Term {
    let refl = constant("Eq.refl", &[Universe::One]);
    apply(refl, vec![word("Bool"), word("Bool.true")])
}

/// The recursor of `data` at the universe of data, with a result type that does not depend on the argument.
fn recursion(data: &str, result: Term, rest: Vec<Term>) -> Term {
    let data = qualified(data);
    let motive = lambda(vec![Binder::new("t", word(&data))], result);
    let mut arguments = vec![motive];
    arguments.extend(rest);
    apply(constant(format!("{data}.rec"), &[Universe::One]), arguments)
}
