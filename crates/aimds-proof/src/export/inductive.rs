//! Inductive types: constructor types, recursor and rules from the list of constructors (Lean 4's shapes).

use super::stream::{ConstructorRecord, InductiveRecord, Stream};
use super::term::{Binder, Term, Universe, apply, arrow, compile, constant, for_all, lambda, word};

/// The universe parameter of a recursor's result.
const RESULT: Universe = Universe::Parameter("u");
/// The universe parameter of `Eq`.
const EQUAL: Universe = Universe::Parameter("u_1");

/// A data type without parameters and indices in `Sort 1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataType {
    pub name: String,
    pub constructors: Vec<Constructor>,
}

/// A constructor: its last name component, and its fields with the names of their types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Constructor {
    pub name: String,
    pub fields: Vec<(String, String)>,
}

impl DataType {
    fn itself(&self) -> Term {
        word(&self.name)
    }

    fn constructor_name(&self, constructor: &Constructor) -> String {
        format!("{}.{}", self.name, constructor.name)
    }

    fn is_recursive_field(&self, (_, kind): &(String, String)) -> bool {
        *kind == self.name
    }

    fn field_binders(constructor: &Constructor) -> Vec<Binder> {
        constructor
            .fields
            .iter()
            .map(|(name, kind)| Binder::new(name, word(kind)))
            .collect()
    }

    fn constructor_type(&self, constructor: &Constructor) -> Term {
        for_all(Self::field_binders(constructor), self.itself())
    }

    /// `T -> Sort u`, with the argument called `t`.
    fn motive_type(&self) -> Term {
        for_all(vec![Binder::new("t", self.itself())], Term::Sort(RESULT))
    }

    /// The case of one constructor: from its fields, and from what holds for each recursive field, to what holds for it.
    fn minor_type(&self, constructor: &Constructor) -> Term {
        let motive = |of: Term| apply(word("motive"), vec![of]);
        let mut binders = Self::field_binders(constructor);
        for field in constructor
            .fields
            .iter()
            .filter(|field| self.is_recursive_field(field))
        {
            binders.push(Binder::new(format!("{}_ih", field.0), motive(word(&field.0))));
        }
        let fields = constructor.fields.iter().map(|(name, _)| word(name)).collect();
        let built = apply(constant(self.constructor_name(constructor), &[]), fields);
        for_all(binders, motive(built))
    }

    fn minor_binders(&self) -> Vec<Binder> {
        self.constructors
            .iter()
            .map(|constructor| Binder::new(&constructor.name, self.minor_type(constructor)))
            .collect()
    }

    fn recursor_type(&self) -> Term {
        let mut binders = vec![Binder::implicit("motive", self.motive_type())];
        binders.extend(self.minor_binders());
        binders.push(Binder::new("t", self.itself()));
        for_all(binders, apply(word("motive"), vec![word("t")]))
    }

    /// What the recursor yields for `constructor`: its case, applied to the fields and to the recursor on recursive fields.
    fn rule(&self, constructor: &Constructor) -> Term {
        let mut binders = vec![Binder::new("motive", self.motive_type())];
        binders.extend(self.minor_binders());
        binders.extend(Self::field_binders(constructor));
        let mut arguments: Vec<Term> = constructor.fields.iter().map(|(name, _)| word(name)).collect();
        for field in constructor
            .fields
            .iter()
            .filter(|field| self.is_recursive_field(field))
        {
            let mut recursion = vec![word("motive")];
            recursion.extend(self.constructors.iter().map(|each| word(&each.name)));
            recursion.push(word(&field.0));
            arguments.push(apply(
                constant(format!("{}.rec", self.name), &[RESULT]),
                recursion,
            ));
        }
        lambda(binders, apply(word(&constructor.name), arguments))
    }

    /// Declares the type with its constructors and its recursor.
    pub(crate) fn declare(&self, stream: &mut Stream) {
        let name = stream.name(&self.name);
        let kind = compile(stream, &Term::Sort(Universe::One));
        for constructor in &self.constructors {
            stream.name(&self.constructor_name(constructor));
        }
        let kinds: Vec<_> = self
            .constructors
            .iter()
            .map(|constructor| compile(stream, &self.constructor_type(constructor)))
            .collect();
        let recursor = stream.name(&format!("{}.rec", self.name));
        stream.level_parameter("u");
        let parameter = stream.name("u");
        let recursor_kind = compile(stream, &self.recursor_type());
        let constructors: Vec<_> = self
            .constructors
            .iter()
            .zip(kinds)
            .map(|(constructor, kind)| ConstructorRecord {
                name: stream.name(&self.constructor_name(constructor)),
                kind,
                fields: constructor.fields.len(),
                rule: compile(stream, &self.rule(constructor)),
            })
            .collect();
        let is_recursive = self.constructors.iter().any(|constructor| {
            constructor
                .fields
                .iter()
                .any(|field| self.is_recursive_field(field))
        });
        stream.inductive(&InductiveRecord {
            name,
            level_parameters: &[],
            kind,
            parameters: 0,
            indices: 0,
            is_recursive,
            constructors: &constructors,
            recursor,
            recursor_level_parameters: &[parameter],
            recursor_kind,
            k: false,
        });
    }
}

/// Declares `Eq`, the one type with parameters and an index: `Eq.refl a` proves `Eq A a a`.
pub(crate) fn declare_equality(stream: &mut Stream) {
    let name = stream.name("Eq");
    let refl = stream.name("Eq.refl");
    let recursor = stream.name("Eq.rec");
    stream.level_parameter("u_1");
    let parameter = stream.name("u_1");
    stream.level_parameter("u");
    let result = stream.name("u");

    let carrier = || Binder::implicit("α", Term::Sort(EQUAL));
    let equal = |left: Term, right: Term| apply(constant("Eq", &[EQUAL]), vec![word("α"), left, right]);
    let reflexivity = || apply(constant("Eq.refl", &[EQUAL]), vec![word("α"), word("a")]);
    let left = || Binder::new("a", word("α"));
    let motive = || {
        let binders = vec![
            Binder::new("b", word("α")),
            Binder::new("t", equal(word("a"), word("b"))),
        ];
        for_all(binders, Term::Sort(RESULT))
    };
    let case = || apply(word("motive"), vec![word("a"), reflexivity()]);

    let relation = for_all(
        vec![carrier()],
        arrow_named(&["a", "b"], Term::Sort(Universe::Zero)),
    );
    let kind = compile(stream, &relation);
    let refl_type = for_all(vec![carrier(), left()], equal(word("a"), word("a")));
    let refl_kind = compile(stream, &refl_type);
    let recursor_type = for_all(
        vec![
            carrier(),
            Binder::implicit("a", word("α")),
            Binder::implicit("motive", motive()),
            Binder::new("refl", case()),
            Binder::implicit("b", word("α")),
            Binder::new("t", equal(word("a"), word("b"))),
        ],
        apply(word("motive"), vec![word("b"), word("t")]),
    );
    let recursor_kind = compile(stream, &recursor_type);
    let rule = lambda(
        vec![
            carrier(),
            left(),
            Binder::new("motive", motive()),
            Binder::new("refl", case()),
        ],
        word("refl"),
    );
    let rule = compile(stream, &rule);
    stream.inductive(&InductiveRecord {
        name,
        level_parameters: &[parameter],
        kind,
        parameters: 2,
        indices: 1,
        is_recursive: false,
        constructors: &[ConstructorRecord {
            name: refl,
            kind: refl_kind,
            fields: 0,
            rule,
        }],
        recursor,
        recursor_level_parameters: &[result, parameter],
        recursor_kind,
        k: true,
    });
}

/// `α -> α -> result` with named arguments.
fn arrow_named(names: &[&str], result: Term) -> Term {
    let binders = names.iter().map(|name| Binder::new(*name, word("α"))).collect();
    for_all(binders, result)
}

/// `Bool -> .. -> Bool` with `arguments` arguments.
pub(crate) fn boolean_function_type(arguments: usize) -> Term {
    arrow(vec![word("Bool"); arguments], word("Bool"))
}
