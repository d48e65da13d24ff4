// Messages of programs that answered in another language than English.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { likelyCauses } from "../lib/verify/failures/index.mts";
import { translated } from "../lib/verify/failures/languages/translated.mts";
import { chinese, french, german, spanish } from "../lib/verify/failures/languages/translations.mts";
import { italian, japanese, portuguese, russian } from "../lib/verify/failures/languages/translations-more.mts";
import * as east from "../lib/verify/failures/languages/translations-east.mts";
import * as packages from "../lib/verify/failures/languages/translations-packages.mts";
import * as windows from "../lib/verify/failures/languages/translations-windows.mts";

const test = suite("translated");

const all = {
  german,
  french,
  spanish,
  chinese,
  portuguese,
  italian,
  russian,
  japanese,
  ...east,
  ...packages,
  ...windows,
};

for (const [name, messages] of Object.entries(all)) {
  test(`each message in ${name} becomes the English one`, () => {
    for (const line of messages.trim().split("\n")) {
      const [english, own] = line.split(" = ").map((part) => part.replace(/\{(\d)\}/g, "w$1")) as [string, string];
      const text = translated(`x: ${own} nicht pas no se 错 の erro errore`);
      assert.ok(text.toLowerCase().includes(english.toLowerCase()), `${own}: ${text}`);
    }
  });
}

test("a translated log has the cause of the English one", () => {
  const logs: [english: string, ...others: string[]][] = [
    [
      "E: Unable to locate package nvidia-driver-580",
      "E: Paket nvidia-driver-580 kann nicht gefunden werden.",
      "Lecture des listes de paquets... Fait\nE: Impossible de trouver le paquet nvidia-driver-580",
      "E: No se ha podido localizar el paquete nvidia-driver-580",
      "正在读取软件包列表... 完成\nE: 无法定位软件包 nvidia-driver-580",
      "E: Não é possível encontrar o pacote nvidia-driver-580",
      "E: nvidia-driver-580 패키지를 찾을 수 없습니다",
      "E: 找不到套件 nvidia-driver-580",
    ],
    [
      "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1201 (apt)",
      "E: Não foi possível obter a trava /var/lib/dpkg/lock-frontend. Ela é mantida pelo processo 1201 (apt)",
      "E: Impossibile impostare il blocco /var/lib/dpkg/lock-frontend. È in uso dal processo 1201 (apt)",
      "E: Не удалось получить блокировку файла /var/lib/dpkg/lock-frontend. Удерживается процессом 1201 (apt)",
      "E: ロック /var/lib/dpkg/lock-frontend が取得できませんでした。プロセス 1201 (apt) によって保持されています",
      "E: /var/lib/dpkg/lock-frontend 잠금 파일을 얻을 수 없습니다.",
      "E: 無法將 /var/lib/dpkg/lock-frontend 鎖定。",
    ],
    [
      "E: The repository 'http://packages.example/debian trixie Release' does not have a Release file.",
      "E: Il repository 'http://packages.example/debian trixie Release' non ha un file Release.",
      "E: Репозиторий «http://packages.example/debian trixie Release» не содержит файла Release.",
    ],
    [
      "error: failed to prepare transaction (conflicting dependencies)\n:: nvidia-utils and nvidia-580xx-utils are in " +
      "conflict",
      "Fehler: Vorgang konnte nicht vorbereitet werden (In Konflikt stehende Abhängigkeiten)\n:: nvidia-utils and " +
      "nvidia-580xx-utils are in conflict",
      "erreur : la préparation de la transaction a échoué (conflit de dépendances)\n:: nvidia-utils et " +
      "nvidia-580xx-utils sont en conflit",
      "错误：无法准备事务处理 (有冲突的依赖关系)\n:: nvidia-utils 与 nvidia-580xx-utils 有冲突",
    ],
    [
      " Problem: nothing provides nvidia-kmod needed by nvidia-driver-3:610.43.03-1.fc44.x86_64 from fedora-nvidia",
      " Problem: nichts stellt nvidia-kmod bereit, dieses wird von nvidia-driver-3:610.43.03-1.fc44.x86_64 aus " +
      "fedora-nvidia benötigt",
      " Problème : aucun fournisseur pour nvidia-kmod, nécessaire pour nvidia-driver-3:610.43.03-1.fc44.x86_64 de " +
      "fedora-nvidia",
    ],
    [
      "modprobe: ERROR: could not insert 'nvidia': Key was rejected by service",
      "modprobe: ERROR: could not insert 'nvidia': Der SChlüssel wurde von Dienst zurückgewiesen",
      "modprobe: ERROR: could not insert 'nvidia': La clé a été rejetée par le service",
    ],
    [
      "Error starting domain: Requested operation is not valid: network 'default' is not active",
      "Fehler beim Starten der Domain: Angeforderte Operation ist nicht gültig: network 'default' is not active",
      "启动域时出错: 所需操作无效：网络 'default' 未激活",
      "Erro ao iniciar o dominio: Operação requisitada não é válida: rede default não está ativa",
      "Ошибка запуска домена: Недопустимая операция: сеть «default» не активна",
      "ドメインの起動中にエラー: 要求された操作は有効ではありません: ネットワーク 'default' がアクティブではありません",
    ],
    [
      "Error starting domain: Unable to get index for interface enx00e05c68040f: No such device",
      "Erro ao iniciar o dominio: falha ao obter índice para interface enx00e05c68040f: Dispositivo inexistente",
      "Ошибка запуска домена: Не удалось получить индекс для интерфейса enx00e05c68040f: Нет такого устройства",
    ],
    [
      "error: failed to connect to the hypervisor\n" +
      "error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
      "Fehler: Verbindung zum Hypervisor scheiterte\n" +
      "Fehler: Socket-Erstellung zu '/var/run/libvirt/libvirt-sock' fehlgeschlagen: Keine Berechtigung",
      "错误：无法连接到 hypervisor\n错误：将插槽连接到 '/var/run/libvirt/libvirt-sock' 失败: 权限不够",
    ],
  ];
  for (const [english, ...others] of logs) {
    const [cause] = likelyCauses(english);
    assert.ok(cause, english);
    for (const text of others) assert.is(likelyCauses(text)[0]?.message, cause.message, text);
  }
});

test("WSL's sentences have a cause without their code, also where only an address or option is in English", () => {
  const answers: [message: RegExp, ...texts: string[]][] = [
    [
      /^the distribution's file system .* is damaged/,
      "无法启动分发。错误代码： 117，失败步骤： 2\n错误代码: Wsl/Service/CreateInstance/E_FAIL",
      "Fehler beim Starten der Distribution. Fehlercode: 22, Fehlerschritt: 2",
    ],
    [
      /^WSL's VM cannot start/,
      "詳しくは https://aka.ms/enablevirtualization",
      "Kør: wsl.exe --install --no-distribution",
    ],
    [/^WSL could not make its network/, "Verkkoa ei voitu määrittää (networkingMode Mirrored)."],
    [/^WSL has no distribution of that name/, "https://aka.ms/wslstore adresine gidin"],
    [
      /^the guest's driver stopped the card \(Code 43\)/,
      "由于该设备有问题，Windows 已将其停止。 (代码 43)",
      "Система Windows остановила это устройство, так как оно сообщило о возникновении неполадок. (Код 43)",
    ],
    [
      /^Docker Desktop's engine does not run/,
      "open //./pipe/docker_engine: Das System kann die angegebene Datei nicht finden.",
      "open //./pipe/dockerDesktopLinuxEngine: 系统找不到指定的文件。",
    ],
    [/^the drivers cannot be copied into the VM's disk/, "目标分区Z:不是有效分区。"],
  ];
  for (const [message, ...texts] of answers) {
    for (const text of texts) assert.match(likelyCauses(text)[0]?.message ?? "nothing", message, text);
  }
});

test("the line is shown as it was pasted, and a long log keeps its lines", () => {
  const [cause] = likelyCauses("Lecture... Fait\nE: Impossible de trouver le paquet nvidia-driver-580");
  assert.equal([cause!.line, cause!.number], ["E: Impossible de trouver le paquet nvidia-driver-580", 2]);
  const long = "这是一行。 keine Berechtigung nicht\n".repeat(20_000);
  assert.is(translated(long).split("\n").length, long.split("\n").length);
});

test("English text stays as it is", () => {
  const text = "the command does not pass: no such package, error de facto\nE: Unable to locate package x\n";
  assert.is(translated(text), text);
});

test.run();
