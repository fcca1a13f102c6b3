; The prelude: the data types of policies and traces, and the evaluator, in Lean's core type theory.
;
; This text is compiled by `export/`, the result is pinned by its SHA-256 (`prelude.rs`), and every kernel checks it.
; A word that is no local variable is a constant; outside `Bool` it stands under `Aimds.`. Three abbreviations:
;   (rec T R m1 .. mn x)   the recursor of T on x, with result type R and one case a constructor. A case takes the fields,
;                          then the results for the recursive fields.
;   (if R c a b)           a if c is true, else b; both of type R.
;   (-> A B C)             functions from A and B to C.
; No type has parameters or indices, none has exactly one constructor, and there is no general recursion: every case is a
; recursor, so that all functions are total.

(inductive Bool (false) (true))

; A number in binary, least significant bit first; `nil` is zero.
(inductive Bin (nil) (b0 (x Bin)) (b1 (x Bin)))

(inductive Ord (lt) (eq) (gt))

; What is known about an atom at an event.
(inductive Val (unk) (no) (yes) (num (n Bin)))

; Facts of an event by atom id. The path is the bits of the id; the value stands in the node where the bits end.
; A leaf answers every id that leads to it or beyond.
(inductive Trie (leaf (d Val)) (node (v Val) (l Trie) (r Trie)))

; Events, the newest at the head: time in ms, facts, older events.
(inductive Trace (nil) (ev (t Bin) (fs Trie) (rest Trace)))

(inductive Form
  (tt) (ff)
  (atom (i Bin))
  (le (i Bin) (k Bin))
  (neg (f Form)) (and (f Form) (g Form)) (or (f Form) (g Form))
  (prev (f Form))
  (once (lo Bin) (hi Bin) (f Form))
  (since (lo Bin) (hi Bin) (f Form) (g Form))
  (count (lo Bin) (hi Bin) (n Bin) (f Form)))

(inductive Pol (nil) (deny (f Form) (rest Pol)) (permit (f Form) (rest Pol)))

(definition not (-> Bool Bool)
  (fun (a Bool) (rec Bool Bool Bool.true Bool.false a)))
(definition and (-> Bool Bool Bool)
  (fun (a Bool) (b Bool) (rec Bool Bool Bool.false b a)))
(definition or (-> Bool Bool Bool)
  (fun (a Bool) (b Bool) (rec Bool Bool b Bool.true a)))

; Whether a number is zero; trailing zero bits do not count.
(definition isZ (-> Bin Bool)
  (fun (x Bin) (rec Bin Bool
    Bool.true
    (fun (y Bin) (ih Bool) ih)
    (fun (y Bin) (ih Bool) Bool.false)
    x)))

; The order of the higher bits, and where they are equal that of the lower.
(definition andThen (-> Ord Ord Ord)
  (fun (r Ord) (d Ord) (rec Ord Ord Ord.lt d Ord.gt r)))

(definition cmp (-> Bin Bin Ord)
  (fun (x Bin) (rec Bin (-> Bin Ord)
    (fun (y Bin) (if Ord (isZ y) Ord.eq Ord.lt))
    (fun (q Bin) (ih (-> Bin Ord)) (y Bin) (rec Bin Ord
      (if Ord (isZ q) Ord.eq Ord.gt)
      (fun (z Bin) (i Ord) (ih z))
      (fun (z Bin) (i Ord) (andThen (ih z) Ord.lt))
      y))
    (fun (q Bin) (ih (-> Bin Ord)) (y Bin) (rec Bin Ord
      Ord.gt
      (fun (z Bin) (i Ord) (andThen (ih z) Ord.gt))
      (fun (z Bin) (i Ord) (ih z))
      y))
    x)))
(definition leq (-> Bin Bin Bool)
  (fun (x Bin) (y Bin) (rec Ord Bool Bool.true Bool.true Bool.false (cmp x y))))

; x - y - (1 if k), for a difference that is not negative.
(definition sub (-> Bin Bin Bool Bin)
  (fun (x Bin) (rec Bin (-> Bin Bool Bin)
    (fun (y Bin) (k Bool) Bin.nil)
    (fun (q Bin) (ih (-> Bin Bool Bin)) (y Bin) (k Bool) (rec Bin Bin
      (if Bin k (Bin.b1 (ih Bin.nil Bool.true)) (Bin.b0 (ih Bin.nil Bool.false)))
      (fun (z Bin) (i Bin) (if Bin k (Bin.b1 (ih z Bool.true)) (Bin.b0 (ih z Bool.false))))
      (fun (z Bin) (i Bin) (if Bin k (Bin.b0 (ih z Bool.true)) (Bin.b1 (ih z Bool.true))))
      y))
    (fun (q Bin) (ih (-> Bin Bool Bin)) (y Bin) (k Bool) (rec Bin Bin
      (if Bin k (Bin.b0 (ih Bin.nil Bool.false)) (Bin.b1 (ih Bin.nil Bool.false)))
      (fun (z Bin) (i Bin) (if Bin k (Bin.b0 (ih z Bool.false)) (Bin.b1 (ih z Bool.false))))
      (fun (z Bin) (i Bin) (if Bin k (Bin.b1 (ih z Bool.true)) (Bin.b0 (ih z Bool.false))))
      y))
    x)))

; x - y, or zero where y is larger.
(definition monus (-> Bin Bin Bin)
  (fun (x Bin) (y Bin) (if Bin (leq y x) (sub x y Bool.false) Bin.nil)))

; The number below; used for numbers above zero only.
(definition pred (-> Bin Bin)
  (fun (x Bin) (rec Bin Bin
    Bin.nil
    (fun (q Bin) (ih Bin) (Bin.b1 ih))
    (fun (q Bin) (ih Bin) (Bin.b0 q))
    x)))

(definition get (-> Bin Trie Val)
  (fun (i Bin) (rec Bin (-> Trie Val)
    (fun (t Trie) (rec Trie Val
      (fun (d Val) d)
      (fun (v Val) (l Trie) (r Trie) (li Val) (ri Val) v)
      t))
    (fun (q Bin) (ih (-> Trie Val)) (t Trie) (rec Trie Val
      (fun (d Val) d)
      (fun (v Val) (l Trie) (r Trie) (li Val) (ri Val) (ih l))
      t))
    (fun (q Bin) (ih (-> Trie Val)) (t Trie) (rec Trie Val
      (fun (d Val) d)
      (fun (v Val) (l Trie) (r Trie) (li Val) (ri Val) (ih r))
      t))
    i)))

; p is the mode: true asks whether a form may hold, false whether it must. What is not known is answered by p.
(definition truth (-> Bool Val Bool)
  (fun (p Bool) (v Val) (rec Val Bool p Bool.false Bool.true (fun (n Bin) p) v)))
(definition atMost (-> Bool Bin Val Bool)
  (fun (p Bool) (k Bin) (v Val) (rec Val Bool p p p (fun (n Bin) (leq n k)) v)))

(definition now (-> Trace Bin)
  (fun (tr Trace) (rec Trace Bin
    Bin.nil
    (fun (t Bin) (fs Trie) (r Trace) (ih Bin) t)
    tr)))

; Whether times never decrease.
(definition mono (-> Trace Bool)
  (fun (tr Trace) (rec Trace Bool
    Bool.true
    (fun (t Bin) (fs Trie) (r Trace) (ih Bool) (and (leq (now r) t) ih))
    tr)))

; The scans walk to older events and stop at the first that is older than `oldest`. An event counts if it is at least `lo`
; older than `now`.
(definition scanOnce (-> Bin Bin Bin (-> Trace Bool) Trace Bool)
  (fun (now Bin) (oldest Bin) (lo Bin) (f (-> Trace Bool)) (tr Trace) (rec Trace Bool
    Bool.false
    (fun (t Bin) (fs Trie) (r Trace) (ih Bool)
      (if Bool (leq oldest t)
        (or (and (or (isZ lo) (and (leq lo now) (leq t (monus now lo)))) (f (Trace.ev t fs r))) ih)
        Bool.false))
    tr)))
(definition scanSince (-> Bin Bin Bin (-> Trace Bool) (-> Trace Bool) Trace Bool)
  (fun (now Bin) (oldest Bin) (lo Bin) (f (-> Trace Bool)) (g (-> Trace Bool)) (tr Trace) (rec Trace Bool
    Bool.false
    (fun (t Bin) (fs Trie) (r Trace) (ih Bool)
      (if Bool (leq oldest t)
        (or (and (or (isZ lo) (and (leq lo now) (leq t (monus now lo)))) (g (Trace.ev t fs r)))
            (and (f (Trace.ev t fs r)) ih))
        Bool.false))
    tr)))
(definition scanCount (-> Bin Bin Bin (-> Trace Bool) Trace Bin Bool)
  (fun (now Bin) (oldest Bin) (lo Bin) (f (-> Trace Bool)) (tr Trace) (rec Trace (-> Bin Bool)
    (fun (m Bin) (isZ m))
    (fun (t Bin) (fs Trie) (r Trace) (ih (-> Bin Bool)) (m Bin)
      (if Bool (isZ m)
        Bool.true
        (if Bool (leq oldest t)
          (if Bool (and (or (isZ lo) (and (leq lo now) (leq t (monus now lo)))) (f (Trace.ev t fs r)))
            (ih (pred m))
            (ih m))
          Bool.false)))
    tr)))

; Whether a form holds at the newest event, in mode p. A negation turns the mode round.
(definition eval (-> Form Bool Trace Bool)
  (fun (f Form) (rec Form (-> Bool Trace Bool)
    (fun (p Bool) (tr Trace) Bool.true)
    (fun (p Bool) (tr Trace) Bool.false)
    (fun (i Bin) (p Bool) (tr Trace) (rec Trace Bool
      Bool.false
      (fun (t Bin) (fs Trie) (r Trace) (ih Bool) (truth p (get i fs)))
      tr))
    (fun (i Bin) (k Bin) (p Bool) (tr Trace) (rec Trace Bool
      Bool.false
      (fun (t Bin) (fs Trie) (r Trace) (ih Bool) (atMost p k (get i fs)))
      tr))
    (fun (f Form) (h (-> Bool Trace Bool)) (p Bool) (tr Trace) (not (h (not p) tr)))
    (fun (f Form) (g Form) (h (-> Bool Trace Bool)) (k (-> Bool Trace Bool)) (p Bool) (tr Trace)
      (and (h p tr) (k p tr)))
    (fun (f Form) (g Form) (h (-> Bool Trace Bool)) (k (-> Bool Trace Bool)) (p Bool) (tr Trace)
      (or (h p tr) (k p tr)))
    (fun (f Form) (h (-> Bool Trace Bool)) (p Bool) (tr Trace) (rec Trace Bool
      Bool.false
      (fun (t Bin) (fs Trie) (r Trace) (ih Bool) (rec Trace Bool
        Bool.false
        (fun (t2 Bin) (fs2 Trie) (r2 Trace) (ih2 Bool) (h p r))
        r))
      tr))
    (fun (lo Bin) (hi Bin) (f Form) (h (-> Bool Trace Bool)) (p Bool) (tr Trace)
      (scanOnce (now tr) (monus (now tr) hi) lo (h p) tr))
    (fun (lo Bin) (hi Bin) (f Form) (g Form) (h (-> Bool Trace Bool)) (k (-> Bool Trace Bool)) (p Bool) (tr Trace)
      (scanSince (now tr) (monus (now tr) hi) lo (h p) (k p) tr))
    (fun (lo Bin) (hi Bin) (n Bin) (f Form) (h (-> Bool Trace Bool)) (p Bool) (tr Trace)
      (scanCount (now tr) (monus (now tr) hi) lo (h p) tr n))
    f)))

(definition anyDeny (-> Pol Trace Bool)
  (fun (pol Pol) (tr Trace) (rec Pol Bool
    Bool.false
    (fun (f Form) (rest Pol) (ih Bool) (or (eval f Bool.true tr) ih))
    (fun (f Form) (rest Pol) (ih Bool) ih)
    pol)))
(definition anyPermit (-> Pol Trace Bool)
  (fun (pol Pol) (tr Trace) (rec Pol Bool
    Bool.false
    (fun (f Form) (rest Pol) (ih Bool) ih)
    (fun (f Form) (rest Pol) (ih Bool) (or (eval f Bool.false tr) ih))
    pol)))

; Allowed: times never decrease, no deny rule may hold, and a permit rule must.
(definition decide (-> Pol Trace Bool)
  (fun (pol Pol) (tr Trace) (and (mono tr) (and (not (anyDeny pol tr)) (anyPermit pol tr)))))
