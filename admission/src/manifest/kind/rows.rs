//! The custom kinds that are known without any configuration, one row each.
//!
//! A row comes from the Go types or the custom resource definition that it names as its source. A kind that an
//! operator makes out of another object (Kafka's pods, a Revision) has no row unless people write it by hand.

use super::custom::{CustomKind, Nature, Timing};

/// What is known of a custom kind.
pub(super) struct Row {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    /// Where its pod templates are; `*` stands for each item of a list or each value of a mapping.
    pub(super) templates: &'static [&'static str],
    pub(super) nature: Nature,
    /// Repository and file that the row was checked against.
    pub(super) source: &'static str,
}

const TEMPLATE: &[&str] = &["/spec/template"];
const POD_TEMPLATE: &[&str] = &["/spec/podTemplate"];

/// Group and kind.
type Made = (&'static str, &'static str);
const POD: Made = ("", "Pod");
const JOB: Made = ("batch", "Job");
const DEPLOYMENT: Made = ("apps", "Deployment");
const STATEFUL_SET: Made = ("apps", "StatefulSet");
const DAEMON_SET: Made = ("apps", "DaemonSet");
const RAY_CLUSTER: Made = ("ray.io", "RayCluster");
const JOB_SET: Made = ("jobset.x-k8s.io", "JobSet");

/// Its pods run until they are deleted, and are made as its template says.
const RUNS: Nature =
    Nature { makes: &[POD], ends: false, knative: false, image: false, readiness: None, liveness: None, grace: None };
/// Its pods run to completion, as those of a Job do.
const ENDS: Nature = Nature { ends: true, ..RUNS };
/// Its operator fills in the image, and a readiness probe where none is written.
const ELASTIC: Nature = Nature { image: true, readiness: Some(ELASTIC_READINESS), ..RUNS };
/// As [`ELASTIC`], for agents that nothing sends traffic to; the operator gives them no probe.
const ELASTIC_AGENT: Nature = Nature { image: true, ..RUNS };
const ELASTIC_READINESS: Timing = Timing { delay: 10, period: 5, timeout: 5, failures: 3 };
/// KubeRay gives every Ray container both probes.
const RAY: Nature = Nature {
    readiness: Some(Timing { delay: 10, period: 5, timeout: 2, failures: 10 }),
    liveness: Some(Timing { delay: 30, period: 5, timeout: 2, failures: 120 }),
    ..RUNS
};
/// Knative's own defaults have the readiness probe.
const KNATIVE: Nature = Nature { knative: true, makes: &[("serving.knative.dev", "Revision")], ..RUNS };
const RUNTIME: Nature = Nature { makes: &[], image: true, ..ENDS };

pub(super) const ROWS: &[Row] = &[
    Row {
        group: "argoproj.io",
        kind: "Rollout",
        templates: TEMPLATE,
        nature: Nature { makes: &[("apps", "ReplicaSet")], ..RUNS },
        source: "argoproj/argo-rollouts pkg/apis/rollouts/v1alpha1/types.go",
    },
    Row {
        group: "apps.kruise.io",
        kind: "CloneSet",
        templates: TEMPLATE,
        nature: RUNS,
        source: "openkruise/kruise apis/apps/v1beta1/cloneset_types.go",
    },
    Row {
        group: "apps.kruise.io",
        kind: "StatefulSet",
        templates: TEMPLATE,
        nature: RUNS,
        source: "openkruise/kruise apis/apps/v1beta1/statefulset_types.go",
    },
    Row {
        group: "apps.kruise.io",
        kind: "DaemonSet",
        templates: TEMPLATE,
        nature: RUNS,
        source: "openkruise/kruise apis/apps/v1beta1/daemonset_types.go",
    },
    Row {
        group: "serving.knative.dev",
        kind: "Service",
        templates: TEMPLATE,
        nature: Nature { makes: &[("serving.knative.dev", "Configuration")], ..KNATIVE },
        source: "knative/serving pkg/apis/serving/v1/service_types.go, revision_defaults.go",
    },
    Row {
        group: "serving.knative.dev",
        kind: "Configuration",
        templates: TEMPLATE,
        nature: KNATIVE,
        source: "knative/serving pkg/apis/serving/v1/configuration_types.go, revision_defaults.go",
    },
    Row {
        group: "apps.openshift.io",
        kind: "DeploymentConfig",
        templates: TEMPLATE,
        nature: Nature { makes: &[("", "ReplicationController"), POD], ..RUNS },
        source: "openshift/api apps/v1/types.go",
    },
    Row {
        group: "jobset.x-k8s.io",
        kind: "JobSet",
        templates: &["/spec/replicatedJobs/*/template/spec/template"],
        nature: Nature { makes: &[JOB], ..ENDS },
        source: "kubernetes-sigs/jobset api/jobset/v1alpha2/jobset_types.go",
    },
    Row {
        group: "leaderworkerset.x-k8s.io",
        kind: "LeaderWorkerSet",
        templates: &["/spec/leaderWorkerTemplate/leaderTemplate", "/spec/leaderWorkerTemplate/workerTemplate"],
        nature: Nature { makes: &[STATEFUL_SET], ..RUNS },
        source: "kubernetes-sigs/lws api/leaderworkerset/v1/leaderworkerset_types.go",
    },
    Row {
        group: "ray.io",
        kind: "RayCluster",
        templates: &["/spec/headGroupSpec/template", "/spec/workerGroupSpecs/*/template"],
        // The job clears Redis when the cluster is deleted.
        nature: Nature { makes: &[POD, JOB], ..RAY },
        source: "ray-project/kuberay ray-operator/apis/ray/v1/raycluster_types.go, controllers/ray/common/pod.go",
    },
    Row {
        group: "ray.io",
        kind: "RayService",
        templates: &[
            "/spec/rayClusterConfig/headGroupSpec/template",
            "/spec/rayClusterConfig/workerGroupSpecs/*/template",
        ],
        nature: Nature { makes: &[RAY_CLUSTER], ..RAY },
        source: "ray-project/kuberay ray-operator/apis/ray/v1/rayservice_types.go, controllers/ray/common/pod.go",
    },
    Row {
        group: "ray.io",
        kind: "RayJob",
        templates: &[
            "/spec/rayClusterSpec/headGroupSpec/template",
            "/spec/rayClusterSpec/workerGroupSpecs/*/template",
            "/spec/submitterPodTemplate",
        ],
        nature: Nature { makes: &[RAY_CLUSTER, JOB], ends: true, ..RAY },
        source: "ray-project/kuberay ray-operator/apis/ray/v1/rayjob_types.go, controllers/ray/common/pod.go",
    },
    Row {
        group: "ray.io",
        kind: "RayCronJob",
        templates: &[
            "/spec/jobTemplate/rayClusterSpec/headGroupSpec/template",
            "/spec/jobTemplate/rayClusterSpec/workerGroupSpecs/*/template",
            "/spec/jobTemplate/submitterPodTemplate",
        ],
        nature: Nature { makes: &[("ray.io", "RayJob")], ends: true, ..RAY },
        source: "ray-project/kuberay ray-operator/apis/ray/v1/raycronjob_types.go",
    },
    Row {
        group: "batch.volcano.sh",
        kind: "Job",
        templates: &["/spec/tasks/*/template"],
        nature: ENDS,
        source: "volcano-sh/apis pkg/apis/batch/v1alpha1/job.go",
    },
    Row {
        group: "kubeflow.org",
        kind: "PyTorchJob",
        templates: &["/spec/pytorchReplicaSpecs/*/template"],
        nature: ENDS,
        source: "kubeflow/training-operator v1.9.0 pkg/apis/kubeflow.org/v1/pytorch_types.go",
    },
    Row {
        group: "kubeflow.org",
        kind: "TFJob",
        templates: &["/spec/tfReplicaSpecs/*/template"],
        nature: ENDS,
        source: "kubeflow/training-operator v1.9.0 pkg/apis/kubeflow.org/v1/tensorflow_types.go",
    },
    Row {
        group: "kubeflow.org",
        kind: "MPIJob",
        templates: &["/spec/mpiReplicaSpecs/*/template"],
        // The launcher is a Job from v2beta1 on.
        nature: Nature { makes: &[POD, JOB], ..ENDS },
        source: "kubeflow/mpi-operator pkg/apis/kubeflow/v2beta1/types.go",
    },
    Row {
        group: "kubeflow.org",
        kind: "XGBoostJob",
        templates: &["/spec/xgbReplicaSpecs/*/template"],
        nature: ENDS,
        source: "kubeflow/training-operator v1.9.0 pkg/apis/kubeflow.org/v1/xgboost_types.go",
    },
    Row {
        group: "kubeflow.org",
        kind: "PaddleJob",
        templates: &["/spec/paddleReplicaSpecs/*/template"],
        nature: ENDS,
        source: "kubeflow/training-operator v1.9.0 pkg/apis/kubeflow.org/v1/paddlepaddle_types.go",
    },
    Row {
        group: "kubeflow.org",
        kind: "JAXJob",
        templates: &["/spec/jaxReplicaSpecs/*/template"],
        nature: ENDS,
        source: "kubeflow/training-operator v1.9.0 pkg/apis/kubeflow.org/v1/jax_types.go",
    },
    // A TrainJob has no pod template: it names a runtime, whose template it fills in.
    Row {
        group: "trainer.kubeflow.org",
        kind: "TrainingRuntime",
        templates: &["/spec/template/spec/replicatedJobs/*/template/spec/template"],
        nature: RUNTIME,
        source: "kubeflow/trainer pkg/apis/trainer/v1alpha1/trainingruntime_types.go",
    },
    Row {
        group: "trainer.kubeflow.org",
        kind: "ClusterTrainingRuntime",
        templates: &["/spec/template/spec/replicatedJobs/*/template/spec/template"],
        nature: RUNTIME,
        source: "kubeflow/trainer pkg/apis/trainer/v1alpha1/trainingruntime_types.go",
    },
    Row {
        group: "elasticsearch.k8s.elastic.co",
        kind: "Elasticsearch",
        templates: &["/spec/nodeSets/*/podTemplate"],
        nature: Nature { makes: &[STATEFUL_SET], grace: Some(180), ..ELASTIC },
        source: "elastic/cloud-on-k8s pkg/apis/elasticsearch/v1, pkg/controller/elasticsearch/nodespec/podspec.go",
    },
    Row {
        group: "kibana.k8s.elastic.co",
        kind: "Kibana",
        templates: POD_TEMPLATE,
        nature: Nature { makes: &[DEPLOYMENT], ..ELASTIC },
        source: "elastic/cloud-on-k8s pkg/apis/kibana/v1, pkg/controller/kibana/pod.go",
    },
    Row {
        group: "apm.k8s.elastic.co",
        kind: "ApmServer",
        templates: POD_TEMPLATE,
        nature: Nature { makes: &[DEPLOYMENT], ..ELASTIC },
        source: "elastic/cloud-on-k8s pkg/apis/apm/v1, pkg/controller/apmserver/pod.go",
    },
    Row {
        group: "logstash.k8s.elastic.co",
        kind: "Logstash",
        templates: POD_TEMPLATE,
        nature: Nature { makes: &[STATEFUL_SET], ..ELASTIC },
        source: "elastic/cloud-on-k8s pkg/apis/logstash/v1alpha1, pkg/controller/logstash/pod.go",
    },
    Row {
        group: "beat.k8s.elastic.co",
        kind: "Beat",
        templates: &["/spec/daemonSet/podTemplate", "/spec/deployment/podTemplate"],
        nature: Nature { makes: &[DAEMON_SET, DEPLOYMENT], ..ELASTIC_AGENT },
        source: "elastic/cloud-on-k8s pkg/apis/beat/v1beta1, pkg/controller/beat/common/pod.go",
    },
    Row {
        group: "agent.k8s.elastic.co",
        kind: "Agent",
        templates: &["/spec/daemonSet/podTemplate", "/spec/deployment/podTemplate", "/spec/statefulSet/podTemplate"],
        nature: Nature { makes: &[DAEMON_SET, DEPLOYMENT, STATEFUL_SET], ..ELASTIC_AGENT },
        source: "elastic/cloud-on-k8s pkg/apis/agent/v1alpha1, pkg/controller/agent/pod.go",
    },
    Row {
        group: "core.strimzi.io",
        kind: "StrimziPodSet",
        templates: &["/spec/pods/*"],
        nature: RUNS,
        source: "strimzi/strimzi-kafka-operator api/…/podset/StrimziPodSetSpec.java",
    },
];

/// What the kinds between a judged kind and its pods make: they are never written by hand.
pub(super) const BETWEEN: &[(Made, Made)] =
    &[(("serving.knative.dev", "Revision"), DEPLOYMENT), (("trainer.kubeflow.org", "TrainJob"), JOB_SET)];

/// All rows as the kinds that a configuration could have taught, with what only a row can tell.
pub(super) fn known() -> impl Iterator<Item = CustomKind> {
    ROWS.iter().map(|row| CustomKind {
        group: row.group.to_owned(),
        kind: row.kind.to_owned(),
        pod_templates: row.templates.iter().filter_map(|pointer| pointer.parse().ok()).collect(),
        resource: None,
        nature: row.nature,
    })
}
