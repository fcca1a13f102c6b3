; What must hold may hold: for every form and trace, the lower mode implies the upper one.
;
; Nothing here is trusted: the kernel checks every theorem each time it is used. `lemma_1` to `lemma_9` are the Boolean steps that
; `modes.rs` proves by cases. Beside the abbreviations of the prelude's text:
;   (all (x T) .. P)       for all x
;   (is b)                 b = Bool.true
;   (le a b)               a implies b, as a Bool
;   (ind T M m1 .. mn x)   induction: the recursor of T into propositions, with motive M
;   refl                   Bool.true = Bool.true
; Variables have names that the prelude has too: a certificate may not bring others.

; A value: unknown is false below and true above, and everything else is the same in both modes.
(theorem lemma_10 (all (v Val) (is (le (truth Bool.false v) (truth Bool.true v))))
  (fun (v Val) (ind Val (fun (v Val) (is (le (truth Bool.false v) (truth Bool.true v))))
    refl refl refl (fun (n Bin) refl) v)))
(theorem lemma_11 (all (k Bin) (v Val) (is (le (atMost Bool.false k v) (atMost Bool.true k v))))
  (fun (k Bin) (v Val) (ind Val (fun (v Val) (is (le (atMost Bool.false k v) (atMost Bool.true k v))))
    refl refl refl (fun (n Bin) (lemma_1 (leq n k))) v)))

; The scans only grow with what they look for.
(theorem lemma_12
  (all (now Bin) (oldest Bin) (lo Bin) (g (-> Trace Bool)) (h (-> Trace Bool))
       (p (all (tr Trace) (is (le (g tr) (h tr))))) (tr Trace)
    (is (le (scanOnce now oldest lo g tr) (scanOnce now oldest lo h tr))))
  (fun (now Bin) (oldest Bin) (lo Bin) (g (-> Trace Bool)) (h (-> Trace Bool))
       (p (all (tr Trace) (is (le (g tr) (h tr))))) (tr Trace)
    (ind Trace (fun (tr Trace) (is (le (scanOnce now oldest lo g tr) (scanOnce now oldest lo h tr))))
      refl
      (fun (t Bin) (fs Trie) (r Trace) (ih (is (le (scanOnce now oldest lo g r) (scanOnce now oldest lo h r))))
        (lemma_5 (leq oldest t) (or (isZ lo) (and (leq lo now) (leq t (monus now lo))))
          (g (Trace.ev t fs r)) (h (Trace.ev t fs r)) (scanOnce now oldest lo g r) (scanOnce now oldest lo h r)
          (p (Trace.ev t fs r)) ih))
      tr)))
(theorem lemma_13
  (all (now Bin) (oldest Bin) (lo Bin) (f (-> Trace Bool)) (k (-> Trace Bool)) (g (-> Trace Bool)) (h (-> Trace Bool))
       (q (all (tr Trace) (is (le (f tr) (k tr))))) (p (all (tr Trace) (is (le (g tr) (h tr))))) (tr Trace)
    (is (le (scanSince now oldest lo f g tr) (scanSince now oldest lo k h tr))))
  (fun (now Bin) (oldest Bin) (lo Bin) (f (-> Trace Bool)) (k (-> Trace Bool)) (g (-> Trace Bool)) (h (-> Trace Bool))
       (q (all (tr Trace) (is (le (f tr) (k tr))))) (p (all (tr Trace) (is (le (g tr) (h tr))))) (tr Trace)
    (ind Trace (fun (tr Trace) (is (le (scanSince now oldest lo f g tr) (scanSince now oldest lo k h tr))))
      refl
      (fun (t Bin) (fs Trie) (r Trace)
           (ih (is (le (scanSince now oldest lo f g r) (scanSince now oldest lo k h r))))
        (lemma_6 (leq oldest t) (or (isZ lo) (and (leq lo now) (leq t (monus now lo))))
          (g (Trace.ev t fs r)) (h (Trace.ev t fs r)) (f (Trace.ev t fs r)) (k (Trace.ev t fs r))
          (scanSince now oldest lo f g r) (scanSince now oldest lo k h r)
          (p (Trace.ev t fs r)) (q (Trace.ev t fs r)) ih))
      tr)))

; Where m is above zero and m are found, one fewer are found too.
(theorem lemma_14
  (all (now Bin) (oldest Bin) (lo Bin) (f (-> Trace Bool)) (tr Trace) (m Bin)
    (is (le (and (not (isZ m)) (scanCount now oldest lo f tr m)) (scanCount now oldest lo f tr (pred m)))))
  (fun (now Bin) (oldest Bin) (lo Bin) (f (-> Trace Bool)) (tr Trace)
    (ind Trace
      (fun (tr Trace) (all (m Bin)
        (is (le (and (not (isZ m)) (scanCount now oldest lo f tr m)) (scanCount now oldest lo f tr (pred m))))))
      (fun (m Bin) (lemma_9 (isZ m) (isZ (pred m))))
      (fun (t Bin) (fs Trie) (r Trace)
           (ih (all (m Bin)
             (is (le (and (not (isZ m)) (scanCount now oldest lo f r m)) (scanCount now oldest lo f r (pred m))))))
           (m Bin)
        (lemma_7 (isZ m) (isZ (pred m)) (leq oldest t)
          (and (or (isZ lo) (and (leq lo now) (leq t (monus now lo)))) (f (Trace.ev t fs r)))
          (scanCount now oldest lo f r m) (scanCount now oldest lo f r (pred m))
          (scanCount now oldest lo f r (pred (pred m)))
          (ih m) (ih (pred m))))
      tr)))
(theorem lemma_15
  (all (now Bin) (oldest Bin) (lo Bin) (g (-> Trace Bool)) (h (-> Trace Bool))
       (p (all (tr Trace) (is (le (g tr) (h tr))))) (tr Trace) (m Bin)
    (is (le (scanCount now oldest lo g tr m) (scanCount now oldest lo h tr m))))
  (fun (now Bin) (oldest Bin) (lo Bin) (g (-> Trace Bool)) (h (-> Trace Bool))
       (p (all (tr Trace) (is (le (g tr) (h tr))))) (tr Trace)
    (ind Trace
      (fun (tr Trace) (all (m Bin) (is (le (scanCount now oldest lo g tr m) (scanCount now oldest lo h tr m)))))
      (fun (m Bin) (lemma_1 (isZ m)))
      (fun (t Bin) (fs Trie) (r Trace)
           (ih (all (m Bin) (is (le (scanCount now oldest lo g r m) (scanCount now oldest lo h r m)))))
           (m Bin)
        (lemma_8 (isZ m) (leq oldest t) (or (isZ lo) (and (leq lo now) (leq t (monus now lo))))
          (g (Trace.ev t fs r)) (h (Trace.ev t fs r))
          (scanCount now oldest lo g r m) (scanCount now oldest lo g r (pred m))
          (scanCount now oldest lo h r m) (scanCount now oldest lo h r (pred m))
          (p (Trace.ev t fs r)) (ih m) (ih (pred m)) (lemma_14 now oldest lo h r m)))
      tr)))

(theorem lemma_16 (all (f Form) (tr Trace) (is (le (eval f Bool.false tr) (eval f Bool.true tr))))
  (fun (f Form)
    (ind Form (fun (f Form) (all (tr Trace) (is (le (eval f Bool.false tr) (eval f Bool.true tr)))))
      (fun (tr Trace) refl)
      (fun (tr Trace) refl)
      (fun (i Bin) (tr Trace)
        (ind Trace (fun (tr Trace) (is (le (eval (Form.atom i) Bool.false tr) (eval (Form.atom i) Bool.true tr))))
          refl
          (fun (t Bin) (fs Trie) (r Trace)
               (ih (is (le (eval (Form.atom i) Bool.false r) (eval (Form.atom i) Bool.true r))))
            (lemma_10 (get i fs)))
          tr))
      (fun (i Bin) (k Bin) (tr Trace)
        (ind Trace (fun (tr Trace) (is (le (eval (Form.le i k) Bool.false tr) (eval (Form.le i k) Bool.true tr))))
          refl
          (fun (t Bin) (fs Trie) (r Trace)
               (ih (is (le (eval (Form.le i k) Bool.false r) (eval (Form.le i k) Bool.true r))))
            (lemma_11 k (get i fs)))
          tr))
      (fun (f Form) (p (all (tr Trace) (is (le (eval f Bool.false tr) (eval f Bool.true tr))))) (tr Trace)
        (lemma_2 (eval f Bool.false tr) (eval f Bool.true tr) (p tr)))
      (fun (f Form) (g Form) (p (all (tr Trace) (is (le (eval f Bool.false tr) (eval f Bool.true tr)))))
           (q (all (tr Trace) (is (le (eval g Bool.false tr) (eval g Bool.true tr))))) (tr Trace)
        (lemma_3 (eval f Bool.false tr) (eval f Bool.true tr) (eval g Bool.false tr) (eval g Bool.true tr)
          (p tr) (q tr)))
      (fun (f Form) (g Form) (p (all (tr Trace) (is (le (eval f Bool.false tr) (eval f Bool.true tr)))))
           (q (all (tr Trace) (is (le (eval g Bool.false tr) (eval g Bool.true tr))))) (tr Trace)
        (lemma_4 (eval f Bool.false tr) (eval f Bool.true tr) (eval g Bool.false tr) (eval g Bool.true tr)
          (p tr) (q tr)))
      (fun (f Form) (p (all (tr Trace) (is (le (eval f Bool.false tr) (eval f Bool.true tr))))) (tr Trace)
        (ind Trace (fun (tr Trace) (is (le (eval (Form.prev f) Bool.false tr) (eval (Form.prev f) Bool.true tr))))
          refl
          (fun (t Bin) (fs Trie) (r Trace)
               (ih (is (le (eval (Form.prev f) Bool.false r) (eval (Form.prev f) Bool.true r))))
            (ind Trace
              (fun (r Trace) (is (le (eval (Form.prev f) Bool.false (Trace.ev t fs r))
                                     (eval (Form.prev f) Bool.true (Trace.ev t fs r)))))
              refl
              (fun (t2 Bin) (fs2 Trie) (r2 Trace)
                   (ih2 (is (le (eval (Form.prev f) Bool.false (Trace.ev t fs r2))
                                (eval (Form.prev f) Bool.true (Trace.ev t fs r2)))))
                (p (Trace.ev t2 fs2 r2)))
              r))
          tr))
      (fun (lo Bin) (hi Bin) (f Form) (p (all (tr Trace) (is (le (eval f Bool.false tr) (eval f Bool.true tr)))))
           (tr Trace)
        (lemma_12 (now tr) (monus (now tr) hi) lo (eval f Bool.false) (eval f Bool.true) p tr))
      (fun (lo Bin) (hi Bin) (f Form) (g Form)
           (p (all (tr Trace) (is (le (eval f Bool.false tr) (eval f Bool.true tr)))))
           (q (all (tr Trace) (is (le (eval g Bool.false tr) (eval g Bool.true tr))))) (tr Trace)
        (lemma_13 (now tr) (monus (now tr) hi) lo (eval f Bool.false) (eval f Bool.true)
          (eval g Bool.false) (eval g Bool.true) p q tr))
      (fun (lo Bin) (hi Bin) (n Bin) (f Form)
           (p (all (tr Trace) (is (le (eval f Bool.false tr) (eval f Bool.true tr))))) (tr Trace)
        (lemma_15 (now tr) (monus (now tr) hi) lo (eval f Bool.false) (eval f Bool.true) p tr n))
      f)))
