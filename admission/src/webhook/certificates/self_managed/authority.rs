//! A CA, its leaf, and the CAs before it; pure: time is passed in.

use crate::cluster::verify;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::time::{Duration, SystemTime};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a CA holds. Its key lies in a Secret, so it should not hold for ever.
const CA: Duration = DAY.saturating_mul(365);

/// How long a leaf holds. Two thirds of it are 60 days: time enough to notice that it was not renewed.
const LEAF: Duration = DAY.saturating_mul(90);

/// How far clocks may differ: a certificate holds from so long before it was made.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// The Service that the API server calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) namespace: String,
}

/// A certificate and its key, in PEM.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Pair {
    fn fits(&self) -> bool {
        let Ok(der) = CertificateDer::from_pem_slice(self.certificate.as_bytes()) else { return false };
        let Ok((_, certificate)) = X509Certificate::from_der(&der) else { return false };
        KeyPair::from_pem(&self.key)
            .is_ok_and(|key| key.public_key_raw() == certificate.public_key().subject_public_key.data.as_ref())
    }
}

/// All that is kept.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Authority {
    pub(super) ca: Pair,
    pub(super) leaf: Pair,
    /// CAs of before, in PEM, until they end: somebody may still show a leaf of theirs.
    pub(super) old: Vec<String>,
}

/// What has to be done about an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Another leaf of the same CA.
    Leaf,
    /// Another CA, and a leaf of it.
    Ca,
}

impl Authority {
    /// A new CA and its leaf; `before` are the CAs that somebody may still rely on.
    pub(super) fn new(service: &Service, before: Vec<String>, now: SystemTime) -> Result<Self, rcgen::Error> {
        let ca = new_ca(now)?;
        let leaf = new_leaf(service, &ca, now)?;
        let old = before.into_iter().filter(|pem| ends(pem).is_some_and(|end| end > now)).collect();
        Ok(Authority { ca, leaf, old })
    }

    /// Whether the parts belong together: each key fits its certificate, and the CA signed the leaf. Somebody may have
    /// changed a part alone; such a leaf is not trusted, or the next one would not be. Says nothing of time.
    pub(super) fn is_sound(&self) -> bool {
        self.ca.fits() && self.leaf.fits() && self.signed().is_some()
    }

    /// When and for whom the leaf holds is asked elsewhere: here it is asked by its own words.
    fn signed(&self) -> Option<()> {
        let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).ok();
        let (ca, leaf) = (der(&self.ca.certificate)?, der(&self.leaf.certificate)?);
        let name = own_names(&self.leaf.certificate)?.into_iter().next()?;
        let begin = Life::of(&self.leaf.certificate)?.begin;
        verify(&leaf, &[], &[ca], &name, begin).ok()
    }

    /// What has to be done by now: at two thirds of a life, and where the names are those of another Service.
    pub(super) fn due(&self, service: &Service, now: SystemTime) -> Option<Due> {
        match (Life::of(&self.ca.certificate), Life::of(&self.leaf.certificate)) {
            (Some(ca), Some(leaf)) => match () {
                () if ca.is_due(now) => Some(Due::Ca),
                () if leaf.is_due(now) || !names(&self.leaf.certificate, service) => Some(Due::Leaf),
                () => None,
            },
            _ => Some(Due::Ca),
        }
    }

    /// The authority after that was done.
    pub(super) fn renewed(&self, due: Due, service: &Service, now: SystemTime) -> Result<Self, rcgen::Error> {
        match due {
            Due::Leaf => Ok(Authority { leaf: new_leaf(service, &self.ca, now)?, ..self.clone() }),
            Due::Ca => Authority::new(service, self.bundle(), now),
        }
    }

    /// The CAs that the API server has to know.
    pub(super) fn bundle(&self) -> Vec<String> {
        [&self.ca.certificate].into_iter().chain(&self.old).cloned().collect()
    }
}

/// From when to when a certificate holds.
struct Life {
    begin: SystemTime,
    end: SystemTime,
}

impl Life {
    fn of(pem: &str) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
        let (_, certificate) = X509Certificate::from_der(&der).ok()?;
        let time = |seconds: i64| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.try_into().ok()?));
        let validity = certificate.validity();
        Some(Life { begin: time(validity.not_before.timestamp())?, end: time(validity.not_after.timestamp())? })
    }

    fn is_due(&self, now: SystemTime) -> bool {
        let whole = self.end.duration_since(self.begin).unwrap_or_default();
        now >= self.begin + whole * 2 / 3
    }
}

fn ends(pem: &str) -> Option<SystemTime> {
    Life::of(pem).map(|life| life.end)
}

/// The names under which the API server may call; the first is the one that it uses.
fn dns_names(service: &Service) -> Vec<String> {
    let Service { name, namespace } = service;
    ["svc", "svc.cluster.local"].map(|end| format!("{name}.{namespace}.{end}")).into()
}

fn names(pem: &str, service: &Service) -> bool {
    own_names(pem).is_some_and(|known| dns_names(service).iter().all(|name| known.contains(name)))
}

fn own_names(pem: &str) -> Option<Vec<String>> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    let names = certificate.subject_alternative_name().ok()??.value.general_names.iter();
    let dns = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(dns) => Some((*dns).to_owned()),
        _ => None,
    };
    Some(names.filter_map(dns).collect())
}

/// Its name has the time in it: two CAs with one name could be taken for each other.
fn new_ca(now: SystemTime) -> Result<Pair, rcgen::Error> {
    let mut params = params(Vec::new(), now, now + CA)?;
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    params.distinguished_name.push(DnType::CommonName, format!("plimsoll webhook CA {seconds}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    Ok(Pair { certificate: params.self_signed(&key)?.pem(), key: key.serialize_pem() })
}

/// It never outlives its CA.
fn new_leaf(service: &Service, ca: &Pair, now: SystemTime) -> Result<Pair, rcgen::Error> {
    let end = ends(&ca.certificate).unwrap_or(now).min(now + LEAF);
    let mut params = params(dns_names(service), now, end)?;
    params.distinguished_name.push(DnType::CommonName, format!("{}.{}.svc", service.name, service.namespace));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let issuer = Issuer::from_ca_cert_pem(&ca.certificate, KeyPair::from_pem(&ca.key)?)?;
    let key = KeyPair::generate()?;
    Ok(Pair { certificate: params.signed_by(&key, &issuer)?.pem(), key: key.serialize_pem() })
}

fn params(names: Vec<String>, now: SystemTime, end: SystemTime) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = (now - SKEW).into();
    params.not_after = end.into();
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn service() -> Service {
        Service { name: "plimsoll".to_owned(), namespace: "guard".to_owned() }
    }

    fn day(number: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + DAY * 20_000 + DAY * u32::try_from(number).unwrap()
    }

    fn is_trusted(leaf: &Pair, bundle: &[String], now: SystemTime) -> bool {
        let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let cas: Vec<_> = bundle.iter().map(|ca| der(ca)).collect();
        verify(&der(&leaf.certificate), &[], &cas, "plimsoll.guard.svc", now).is_ok()
    }

    #[test]
    fn nothing_is_due_at_first_the_leaf_after_two_months_the_ca_after_eight() {
        let authority = Authority::new(&service(), Vec::new(), day(0)).unwrap();
        let due = |number| authority.due(&service(), day(number));
        assert_eq!(
            [due(0), due(59), due(61), due(242), due(244)],
            [None, None, Some(Due::Leaf), Some(Due::Leaf), Some(Due::Ca)]
        );
        let other = Service { name: "other".to_owned(), ..service() };
        assert_eq!(authority.due(&other, day(0)), Some(Due::Leaf));
    }

    #[test]
    fn what_is_garbled_is_made_anew() {
        let mut authority = Authority::new(&service(), Vec::new(), day(0)).unwrap();
        authority.leaf.certificate = "nonsense".to_owned();
        assert_eq!(authority.due(&service(), day(0)), Some(Due::Ca));
    }

    #[test]
    fn parts_that_do_not_belong_together_are_seen() {
        let [one, other] = [0, 1].map(|number| Authority::new(&service(), Vec::new(), day(number)).unwrap());
        assert!(one.is_sound());
        let with = |change: fn(&mut Authority, Authority)| {
            let mut mixed = one.clone();
            change(&mut mixed, other.clone());
            mixed.is_sound()
        };
        assert!(!with(|mixed, other| mixed.ca = other.ca), "the CA did not sign the leaf");
        assert!(!with(|mixed, other| mixed.leaf = other.leaf), "the CA did not sign the leaf");
        assert!(!with(|mixed, other| mixed.ca.key = other.ca.key), "the next leaf would not be trusted");
        assert!(!with(|mixed, other| mixed.leaf.key = other.leaf.key), "nobody can show the leaf");
        assert!(!with(|mixed, _| mixed.leaf.key.clear()), "there is no key");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        /// Whenever somebody looks, and however late: any leaf that has not ended is trusted by the bundle of that time,
        /// also one that a sleepy replica never replaced.
        #[test]
        fn a_leaf_is_trusted_until_it_ends(gaps in prop::collection::vec(1_u64..120, 1..12)) {
            let mut now = 0;
            let mut authority = Authority::new(&service(), Vec::new(), day(now)).unwrap();
            let mut shown = vec![authority.leaf.clone()];
            for gap in gaps {
                now += gap;
                if let Some(due) = authority.due(&service(), day(now)) {
                    authority = authority.renewed(due, &service(), day(now)).unwrap();
                    shown.push(authority.leaf.clone());
                }
                prop_assert!(authority.is_sound());
                for leaf in shown.iter().filter(|leaf| ends(&leaf.certificate).unwrap() > day(now)) {
                    prop_assert!(is_trusted(leaf, &authority.bundle(), day(now)));
                }
                prop_assert!(authority.bundle().len() <= 4, "CAs that have ended are forgotten");
            }
        }
    }
}
