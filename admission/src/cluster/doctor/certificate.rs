//! Whether the API server trusts the certificate, and for how long.

use super::Remark;
use crate::cluster::{InstallationNames, verify};
use k8s_openapi::api::{admissionregistration::v1::ValidatingWebhookConfiguration, core::v1::Secret};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::time::{Duration, SystemTime};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// Less than this is left where nobody has renewed in time: cert-manager and the webhook itself do at two thirds.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

const RENEW: &str = "see what renews it: cert-manager's Certificate, or the log of the webhook";

pub(super) fn is_trusted(
    secret: Option<&Result<Secret, String>>,
    configuration: &ValidatingWebhookConfiguration,
    names: &InstallationNames,
    now: SystemTime,
) -> Vec<Remark> {
    let secret = match secret {
        Some(Ok(secret)) => secret,
        Some(Err(why)) => {
            let text = format!("the Secret {} cannot be read, so its certificate was not checked: {why}", names.secret);
            return vec![Remark::doubtful(text, "ask an operator who may read it")];
        }
        None => {
            let text = format!("there is no Secret {} in the namespace {}", names.secret, names.namespace);
            return vec![Remark::doubtful(text, "give its name with --secret")];
        }
    };
    let pem =
        secret.data.as_ref().and_then(|data| data.get("tls.crt")).map(|bytes| bytes.0.as_slice()).unwrap_or_default();
    let chain: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect();
    let Some((leaf, intermediates)) = chain.split_first() else {
        return vec![Remark::bad(format!("tls.crt of the Secret {} holds no certificate", names.secret), RENEW)];
    };
    let mut remarks = vec![lasts("the certificate", leaf, now)];
    for webhook in configuration.webhooks.iter().flatten() {
        let bundle = webhook.client_config.ca_bundle.as_ref().map(|bytes| bytes.0.as_slice()).unwrap_or_default();
        let cas: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(bundle).filter_map(Result::ok).collect();
        let Some(service) = &webhook.client_config.service else { continue };
        let name = format!("{}.{}.svc", service.name, service.namespace);
        remarks.push(chains(leaf, intermediates, &cas, &name, now));
        // During a rotation there are several, and the old one may well end: the last one that ends is what counts.
        if let Some(last) = cas.iter().max_by_key(|ca| end(ca)) {
            remarks.push(lasts("the CA", last, now));
        }
    }
    remarks
}

fn chains(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    cas: &[CertificateDer<'_>],
    name: &str,
    now: SystemTime,
) -> Remark {
    let wrong = |why: String| {
        Remark::bad(
            format!("the API server does not trust the certificate as {name}: {why}"),
            "the caBundle must hold the CA of the certificate, and that must name the Service",
        )
    };
    if cas.is_empty() {
        return wrong("the caBundle is empty".to_owned());
    }
    match verify(leaf, intermediates, cas, name, now) {
        Ok(()) => Remark::good(format!("the API server trusts the certificate as {name}")),
        Err(why) => wrong(why),
    }
}

fn lasts(what: &str, certificate: &CertificateDer<'_>, now: SystemTime) -> Remark {
    let Some(end) = end(certificate) else { return Remark::bad(format!("{what} cannot be read"), RENEW) };
    match end.duration_since(now) {
        Err(_) => Remark::bad(format!("{what} has expired"), RENEW),
        Ok(left) if left < SOON => Remark::doubtful(format!("{what} ends in {} days", days(left)), RENEW),
        Ok(left) => Remark::good(format!("{what} holds for another {} days", days(left))),
    }
}

fn days(time: Duration) -> u64 {
    time.as_secs() / (24 * 60 * 60)
}

fn end(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let seconds = certificate.validity().not_after.timestamp().try_into().ok()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}
