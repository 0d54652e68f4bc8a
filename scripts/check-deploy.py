"""Holds the manifests of a folder against each other, and writes the settings in them to a file, for scripts/check-deploy.

A schema knows what a field may be; it does not know whether the volume that is mounted, the claim, the ConfigMap, the port of a
probe or the label of a selector is there at all, nor what every pod of this project must have.
"""

import pathlib
import sys

import yaml

folder, scratch = map(pathlib.Path, sys.argv[1:3])
wrong = []
documents = {}
for path in sorted(folder.glob("*.yaml")):
    documents[path.name] = [one for one in yaml.safe_load_all(path.read_text()) if one]

kustomization = documents.pop("kustomization.yaml")[0]
named = set(kustomization["resources"])
# Run once, by hand.
apart = {"topics.yaml"}
for name in named - set(documents):
    wrong.append(f"kustomization.yaml names {name}, which is not there")
for name in set(documents) - named - apart:
    wrong.append(f"kustomization.yaml does not name {name}")

objects = [(name, one) for name, all_of in documents.items() for one in all_of]


def names(kind):
    return {one["metadata"]["name"] for _, one in objects if one["kind"] == kind}


def pods():
    """Every pod that is described: who describes it, its labels, its specification."""
    for name, one in objects:
        kind, spec = one["kind"], one.get("spec", {})
        if kind in ("Deployment", "StatefulSet", "Job"):
            template = spec["template"]
        elif kind == "CronJob":
            template = spec["jobTemplate"]["spec"]["template"]
        else:
            continue
        yield f"{name}: {kind} {one['metadata']['name']}", one, template["metadata"]["labels"], template["spec"]


# Made by hand, from files of the operator's own: README.md has the commands.
by_hand = (folder / "README.md").read_text()
all_labels = [labels for _, _, labels, _ in pods()]


def is_selected(selector):
    wanted = selector.get("matchLabels", selector)
    return any(all(labels.get(key) == value for key, value in wanted.items()) for labels in all_labels)


for who, one, labels, spec in pods():
    security = spec.get("securityContext", {})
    if not (security.get("runAsNonRoot") and security.get("seccompProfile")):
        wrong.append(f"{who} may run as root, or without a seccomp profile")
    if spec.get("automountServiceAccountToken") is not False:
        wrong.append(f"{who} is given a token of the cluster")
    if spec.get("serviceAccountName", "default") not in names("ServiceAccount") | {"default"}:
        wrong.append(f"{who} names a ServiceAccount that is not there")
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    for template in one["spec"].get("volumeClaimTemplates", []):
        volumes[template["metadata"]["name"]] = template
    mounted = set()
    for container in spec.get("initContainers", []) + spec["containers"]:
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False or not own.get("readOnlyRootFilesystem"):
            wrong.append(f"{who}: {container['name']} may gain rights, or write to its root")
        if own.get("capabilities", {}).get("drop") != ["ALL"]:
            wrong.append(f"{who}: {container['name']} keeps capabilities")
        if "memory" not in container.get("resources", {}).get("limits", {}):
            wrong.append(f"{who}: {container['name']} has no limit of memory")
        ports = {port["name"] for port in container.get("ports", [])}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container.get(probe, {}).get("httpGet")
            if asked and asked["port"] not in ports:
                wrong.append(f"{who}: {probe} asks the port {asked['port']}, which is not there")
        if container.get("livenessProbe", {}).get("httpGet", {}).get("path", "/healthz") != "/healthz":
            wrong.append(f"{who}: its liveness is more than that it lives")
        mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
        mounted |= mounts
        for mount in mounts - set(volumes):
            wrong.append(f"{who}: {container['name']} mounts {mount}, which is not there")
    for volume in set(volumes) - mounted:
        wrong.append(f"{who} has the volume {volume}, which nothing mounts")
    for volume in volumes.values():
        for kind, key, source in (
            ("ConfigMap", "name", "configMap"),
            ("Secret", "secretName", "secret"),
            ("PersistentVolumeClaim", "claimName", "persistentVolumeClaim"),
        ):
            wanted = volume.get(source, {}).get(key)
            if wanted and wanted not in names(kind) and f" {wanted} " not in by_hand:
                wrong.append(f"{who} uses the {kind} {wanted}, which is neither there nor made by README.md")
    if one["kind"] == "StatefulSet" and one["spec"]["serviceName"] not in names("Service"):
        wrong.append(f"{who} names a Service that is not there")
    if one["kind"] in ("Deployment", "StatefulSet"):
        if not one["spec"]["selector"]["matchLabels"].items() <= labels.items():
            wrong.append(f"{who} does not select its own pods")
        # What the program takes to stop, by docs/configuration.md.
        if spec.get("terminationGracePeriodSeconds", 30) < 30:
            wrong.append(f"{who} is killed before it has stopped")

for name, one in objects:
    spec = one.get("spec", {})
    selector = {"Service": "selector", "PodDisruptionBudget": "selector", "NetworkPolicy": "podSelector"}.get(one["kind"])
    if selector and spec[selector] and "matchExpressions" not in spec[selector] and not is_selected(spec[selector]):
        wrong.append(f"{name}: {one['kind']} {one['metadata']['name']} selects no pod")
    if one["kind"] != "Namespace" and one["metadata"].get("namespace") != kustomization["namespace"]:
        wrong.append(f"{name}: {one['kind']} {one['metadata']['name']} is in another namespace")

settings = [one["data"]["kaiku.toml"] for _, one in objects if one["kind"] == "ConfigMap" and "kaiku.toml" in one["data"]]
if len(settings) == 1:
    (scratch / "kaiku.toml").write_text(settings[0])
else:
    wrong.append(f"kaiku.toml stands {len(settings)} times")

for sentence in wrong:
    print(f"WRONG  {sentence}")
if not wrong:
    print(f"ok     {len(objects)} objects in {len(documents)} files fit the schemas and each other")
sys.exit(bool(wrong))
