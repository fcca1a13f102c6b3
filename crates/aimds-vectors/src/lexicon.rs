//! Small multilingual word classes for the lexical features: lower-case units, our own choice of common words.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::OnceLock;

use crate::hashed::{SEED, step};

/// What a word hints at. A word may belong to several classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum WordClass {
    /// Verbs that open an order.
    Imperative = 1,
    /// You, your.
    SecondPerson = 1 << 1,
    /// I, my, we.
    FirstPerson = 1 << 2,
    /// Not, never, without.
    Negation = 1 << 3,
    /// Must, should, always.
    Obligation = 1 << 4,
    /// The assistant itself and what steers it.
    Model = 1 << 5,
    /// Drop, replace, get around.
    Override = 1 << 6,
    /// Play, pretend, be someone.
    Persona = 1 << 7,
    /// What is kept hidden.
    Secrecy = 1 << 8,
    /// Acts through tools or on the outside.
    Tool = 1 << 9,
    /// From now on, instead, previous.
    Sequence = 1 << 10,
    /// Asking for information.
    Question = 1 << 11,
    /// Polite forms.
    Courtesy = 1 << 12,
}

/// Classes in the order of their features.
pub(crate) const CLASSES: [WordClass; 13] = [
    WordClass::Imperative,
    WordClass::SecondPerson,
    WordClass::FirstPerson,
    WordClass::Negation,
    WordClass::Obligation,
    WordClass::Model,
    WordClass::Override,
    WordClass::Persona,
    WordClass::Secrecy,
    WordClass::Tool,
    WordClass::Sequence,
    WordClass::Question,
    WordClass::Courtesy,
];

const WORDS: [(WordClass, &str); 13] = [
    (
        WordClass::Imperative,
        "write tell give show list explain describe create generate make print output repeat say answer respond reply return \
         provide ignore forget disregard stop start use act pretend imagine translate summarize summarise rewrite reveal send \
         call run execute open read follow let please do add remove change find help complete continue begin \
         schreibe schreib sag gib zeige ignoriere vergiss antworte escribe dime muestra ignora olvida responde haz \
         écris dis donne montre ignore oublie réponds scrivi dimmi mostra rispondi escreva diga mostre ignore esqueça \
         напиши скажи покажи игнорируй забудь ответь schrijf zeg toon negeer vergeet napisz powiedz pokaż zignoruj zapomnij \
         yaz söyle göster unut 请 忽略 忘 写 告 اكتب تجاهل انس أخبرني लिखो बताओ भूल",
    ),
    (
        WordClass::SecondPerson,
        "you your yours yourself u ur du dein deine dir dich sie ihr ihre tu tú te usted su tus vous votre vos toi ton \
         te lei suo você seu sua ты твой вы ваш вам вас jij je jouw uw ty twój sen senin sana 你 您 あなた 당신 너 أنت आप तुम",
    ),
    (
        WordClass::FirstPerson,
        "i me my mine we us our ich mich mein meine wir uns unser yo mi mis nosotros je moi mon ma mes nous notre io mio noi \
         eu meu minha nós я мне мой мы нам ik mij mijn wij ja mnie mój ben bana benim 我 私 僕 나 저 أنا मैं मेरा हम",
    ),
    (
        WordClass::Negation,
        "not no never none nothing without cannot don doesn didn won can't dont nor neither nicht kein keine nie ohne nunca \
         ningún sin ne pas jamais sans aucun non mai senza não nunca sem не нет никогда без niet geen nooit zonder nie \
         nigdy bez değil hayır asla 不 没 无 别 ない لا ليس بدون नहीं मत बिना",
    ),
    (
        WordClass::Obligation,
        "must should shall have need required always only strictly mandatory immediately now important urgent critical \
         muss musst müssen sollst soll immer nur sofort debes debe siempre solo ahora dois doit toujours seulement devi deve sempre \
         deve sempre agora должен должна всегда только сейчас moet altijd alleen nu musisz zawsze tylko teraz zorunda her \
         必须 总 只 يجب دائما فقط हमेशा केवल",
    ),
    (
        WordClass::Model,
        "ai assistant model llm gpt chatgpt claude gemini llama bot chatbot prompt prompts system instruction instructions \
         developer guidelines guideline policy policies rule rules restriction restrictions filter filters safety openai \
         anthropic google programming training context anweisungen anweisung regeln richtlinien instrucciones reglas \
         règles consignes istruzioni regole instruções regras инструкции инструкция правила промпт система instructies regels \
         instrukcje zasady talimatlar kurallar 指令 提示 系统 规则 指示 システム 지시 시스템 التعليمات النظام قواعد निर्देश नियम",
    ),
    (
        WordClass::Override,
        "ignore ignoring disregard forget override overrides bypass bypassing skip circumvent disable disabled remove erase reset \
         drop cancel unlock unrestricted uncensored unfiltered jailbreak jailbroken sudo admin root god without \
         ignoriere vergiss umgehe missachte ignora olvida omite anula ignorez oublie oubliez contourne ignori dimentica \
         esqueça desconsidere игнорируй игнорируйте забудь забудьте отмени обойди negeer vergeet zignoruj zapomnij yoksay unut \
         görmezden 忽略 无视 忘记 無視 무시 تجاهل अनदेखा",
    ),
    (
        WordClass::Persona,
        "act pretend roleplay role play character persona imagine simulate simulation dan evil fictional fiction story scenario \
         hypothetical hypothetically novel grandma twin alter ego mode game become embody impersonate rolle spiele tu stell \
         actúa finge imagina papel personaje agis prétends imagine rôle personnage agisci fingi ruolo aja finja personagem \
         притворись представь роль персонаж сыграй doe alsof rol udawaj rolę gibi davran rol 扮演 假装 角色 演じ 역할 تظاهر दिखावा भूमिका",
    ),
    (
        WordClass::Secrecy,
        "secret secrets password passwords passphrase hidden confidential private reveal disclose leak leaked internal key keys \
         api token tokens credential credentials initial original verbatim above contents exact geheim geheimnis passwort \
         verrate secreto secretos contraseña revela secret mot passe révèle segreto rivela senha segredo revele секрет пароль \
         раскрой wachtwoord geheim hasło tajne şifre gizli 密码 秘密 透露 パスワード 비밀 비밀번호 سر كلمة पासवर्ड गुप्त",
    ),
    (
        WordClass::Tool,
        "send email mail post upload download fetch url link http https curl wget execute run command shell bash delete rm drop \
         transfer pay payment buy invite forward share webhook script eval exec function tool browse click visit install \
         sende lösche überweise envía elimina transfiere envoie supprime invia elimina envie apague отправь удали переведи \
         stuur verwijder wyślij usuń gönder sil 发送 删除 执行 送信 削除 보내 삭제 أرسل احذف भेजो हटाओ",
    ),
    (
        WordClass::Sequence,
        "now instead previous previously prior above before earlier preceding following next then after henceforth onwards onward \
         new first last begin end jetzt statt vorherigen vorherige bisherigen obigen neue ahora anteriores anterior nuevo nuevas \
         maintenant précédentes précédent nouvelles ora precedenti nuove agora anteriores novas теперь предыдущие предыдущих \
         новые nu vorige nieuwe teraz poprzednie nowe şimdi önceki yeni 之前 以上 现在 新 以前 今 이전 지금 السابقة الآن पिछले अब",
    ),
    (
        WordClass::Question,
        "what why how who when where which whose can could would is are does did was wie warum wer wann wo welche qué cómo por \
         quién cuándo dónde cuál que pourquoi comment qui quand où quel che perché come chi quando dove quale como quem \
         что почему как кто когда где wat waarom hoe wie wanneer co dlaczego jak kto kiedy gdzie ne neden nasıl kim \
         什么 为什么 怎么 谁 何 なぜ 무엇 왜 어떻게 ما لماذا كيف क्या क्यों कैसे",
    ),
    (
        WordClass::Courtesy,
        "please thanks thank kindly hello hi hey dear sorry regards appreciate bitte danke hallo gracias por favor hola merci \
         bonjour svp grazie ciao prego obrigado obrigada olá пожалуйста спасибо привет alsjeblieft dank proszę dziękuję \
         lütfen teşekkürler merhaba 请 谢谢 你好 ありがとう 감사합니다 شكرا مرحبا कृपया धन्यवाद नमस्ते",
    ),
];

/// The keys are hashes already; an attacker who makes units collide gains nothing, for the table is fixed.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, &byte| step(hash, u32::from(byte)));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

type Lexicon = HashMap<u64, u32, BuildHasherDefault<Identity>>;

/// The classes of the unit with this hash, as bits.
pub(crate) fn classes_of(hash: u64) -> u32 {
    static LEXICON: OnceLock<Lexicon> = OnceLock::new();
    LEXICON.get_or_init(build).get(&hash).copied().unwrap_or(0)
}

fn build() -> Lexicon {
    let mut lexicon = Lexicon::default();
    for (class, words) in WORDS {
        for word in words.split_whitespace() {
            let hash = word
                .chars()
                .fold(SEED, |hash, character| step(hash, u32::from(character)));
            *lexicon.entry(hash).or_insert(0) |= class as u32;
        }
    }
    lexicon
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Units;

    fn classes(text: &str) -> u32 {
        Units::of(text)
            .all()
            .iter()
            .fold(0, |bits, unit| bits | classes_of(unit.hash))
    }

    #[test]
    fn words_are_found_whatever_their_case() {
        assert_eq!(
            classes("IGNORE"),
            WordClass::Imperative as u32 | WordClass::Override as u32
        );
        assert_eq!(classes("пароль"), WordClass::Secrecy as u32);
        assert_eq!(classes("teapot"), 0);
    }

    #[test]
    fn every_word_is_lower_case() {
        for (_, words) in WORDS {
            assert_eq!(words, words.to_lowercase());
        }
    }
}
