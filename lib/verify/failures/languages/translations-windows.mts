/**
 * Sentences of WSL and Windows in ten languages. Of each message there is a part that no other message of WSL has.
 * Read from microsoft/WSL (localization/strings, 2026-08); the last lines from pages about Windows, 2026-11.
 */

/** The English of the messages, in the order of the parts below. */
const english = `
Windows Subsystem for Linux has no installed distributions
There is no distribution with the supplied name
A distribution with the supplied name already exists
supplied install location is already in use
Importing the distribution failed
Exporting the distribution failed
imported file is not a valid Linux distribution
another instance is running elevated
Invalid distribution name:
WSL1 is not supported with your current machine
This operation is only supported by WSL2.
An install, uninstall, or conversion is in progress for this distribution
Administrator access is needed to mount a disk
Failed to attach disk '.' to WSL:
Failed to create the swap disk in 'WSL'
wsl: Nested virtualization is not supported on this machine
Mirrored networking mode is not supported:
localhost proxy configuration was detected but not mirrored
An Http Proxy change has been detected
WSL1 is disabled by the computer policy
Failed to install the MSIX package
Optional components needed to run WSL are not installed
because the VHD is currently in use
VHD already mounted via wsl.exe
The WSL2 Virtual Machine crashed
The distribution failed to start
failed to start because its virtual disk is corrupted
WSL installation appears to be corrupted
disk was attached but failed to mount:
Failed to enable Windows component '
could not be started because the hypervisor is not running
could not be started because a required feature is not installed
service cannot be started, either because it is disabled
The requested operation requires elevation
You do not have the required permission to complete this task
Not enough memory in the system to start the virtual machine
A hypervisor has been detected. Features required for Hyper-V will not be displayed
Unexpected token 'x' in expression or statement
running scripts is disabled on this system. See about_Execution_Policies
The system cannot find the file specified
The system cannot find the path specified
Access is denied
The parameter is incorrect
because one of the Hyper-V components is not running
(Code {1}
`.trim().split("\n");

/** The lines `english = part` of a language: its messages are separated by `|`, parts of one message by `/`. */
const messagesOf = (parts: string): string =>
  parts.replaceAll("\n", " ").split("|").flatMap((of, i) =>
    of.trim() === "" ? [] : of.split(" / ").map((part) => `${english[i]} = ${part.trim()}`)
  ).join("\n") + "\n";

/** German, French, Spanish, Portuguese, Italian and Polish. */
export const latinWindows = messagesOf(`
Windows-Subsystem für Linux verfügt über keine | Es ist keine Distribution mit dem angegebenen | | Der angegebene
Installationsspeicherort wird | Fehler beim Importieren der Distribution | Fehler beim Exportieren der Distribution
| Datei ist keine gültige Linux-Distribution | Es kann nicht gestartet werden, da eine andere | Ungültiger
Distributionsname | WSL1 wird mit Ihrer aktuellen | Dieser Vorgang wird nur von WSL2 unterstützt | | Zum
Bereitstellen eines Datenträgers ist | Fehler beim Anfügen des Datenträgers | beim Erstellen des
Austauschdatenträgers in | Geschachtelte Virtualisierung wird auf diesem | Der gespiegelte Netzwerkmodus wird nicht
| Eine Localhost-Proxykonfiguration wurde | Auf dem Host wurde eine Http-Proxy-Änderung | durch die
Computerrichtlinie deaktiviert / WSL1 ist durch die Computerrichtlinie | Fehler beim Installieren des MSIX-Pakets |
WSL erforderlich sind, sind nicht installiert | So erzwingen Sie, dass WSL die Verwendung | Die VHD wurde bereits
über wsl.exe --mount | Der virtuelle WSL2-Computer ist abgestürzt | Fehler beim Starten der Distribution | der
virtuelle Datenträger beschädigt ist | Die WSL-Installation scheint beschädigt zu | Der Datenträger wurde angefügt,
konnte aber | Fehler beim Aktivieren der Windows-Komponente | Hypervisor nicht ausgeführt | erforderliches Feature
nicht installiert | Er ist deaktiviert oder nicht mit aktivierten | Vorgang erfordert erhöhte Rechte | nicht über
die erforderliche Berechtigung, um diese | Nicht genügend Arbeitsspeicher im System / nicht genügend Arbeitsspeicher
verfügbar, um | Es wurde ein Hypervisor erkannt | Unerwartetes Token | Ausführung von Skripts auf diesem System
deaktiviert | Das System kann die angegebene Datei nicht finden | Das System kann den angegebenen Pfad nicht finden
| Zugriff verweigert | Falscher Parameter | Hyper-V-Komponenten nicht ausgeführt | 
`) + messagesOf(`
aucune distribution installée | existe aucune distribution avec le nom fourni | Une distribution portant le nom
fourni existe | installation fourni est déjà utilisé | l'importation de la distribution | exportation de la
distribution | est pas une distribution Linux valide | Lancement impossible, car une autre instance | Nom de
distribution non valide | WSL1 n'est pas pris en charge avec | est uniquement prise en charge par WSL2 | une
désinstallation ou une conversion | accès administrateur est nécessaire pour | attachement du disque | Échec de la
création du disque d | La virtualisation imbriquée n | Le mode réseau mis en miroir n | Une configuration de proxy
localhost a été | Une modification de proxy HTTP a été détectée | désactivé par la stratégie de / ordinateur a
désactivé WSL1 | installation du package MSIX | pour exécuter WSL ne sont pas installés | effectuée car le VHD est
actuellement utilisé | VHD déjà monté via wsl.exe --mount, veuillez | La machine virtuelle WSL2 a planté | Échec du
démarrage de distribution | Échec du démarrage de la distribution, car son | installation de WSL semble endommagée |
Le disque était attaché mais | activation du composant Windows | hyperviseur n'est pas en cours | fonctionnalité
nécessaire n'est pas installée / fonctionnalité requise n'est pas installée | qu'aucun périphérique activé ne lui
est associé | opération demandée nécessite une élévation | autorisation requise pour effectuer cette tâche /
autorisation nécessaire pour effectuer cette | Mémoire insuffisante dans le système / pas assez de mémoire dans le
système | Un hyperviseur a été détecté | Jeton inattendu | exécution de scripts est désactivée sur ce | Le fichier
spécifié est introuvable | Le chemin d'accès spécifié est introuvable | Accès refusé | Paramètre incorrect |
composants Hyper-V n'est pas en cours | 
`) + messagesOf(`
Subsistema de Windows para Linux no tiene | No hay ninguna distribución con el nombre | Ya existe una distribución
con el nombre | La ubicación de instalación proporcionada ya | Error al importar la distribución | Error al exportar
la distribución | El archivo importado no es una distribución | No se puede iniciar porque se está ejecutando |
Nombre de distribución no válido | WSL1 no es compatible con la configuración | Esta operación solo es compatible
con WSL2 | o conversión en curso para esta distribución | Se necesita acceso de administrador para | No se pudo
conectar el disco | No se pudo crear el disco de intercambio en | No se admite la virtualización anidada en esta |
No se admite el modo de red reflejada | WSL en modo NAT no admite servidores proxy | Se detectó un cambio de proxy
HTTP en el host | La directiva de equipo deshabilitó el valor / La directiva de equipo deshabilitó WSL1 | No se pudo
instalar el paquete MSIX | para ejecutar WSL no están instalados | Para forzar que WSL deje de usar | VHD ya montado
a través de wsl.exe --mount | La máquina virtual WSL2 se bloqueó | No se pudo iniciar la distribución. Código | No
se pudo iniciar la distribución porque su | Parece que la instalación de WSL está dañada | El disco se conectó, pero
no se pudo montar | No se pudo habilitar el componente de Windows | hipervisor no se está ejecutando / hipervisor no
está en ejecución | característica necesaria no está / no está instalada una característica | deshabilitado o porque
no tiene / deshabilitado o no tiene dispositivos | operación solicitada requiere elevación | permiso requerido para
completar esta / permiso necesario para completar esta | suficiente memoria en el sistema | Se detectó un hipervisor
/ Se ha detectado un hipervisor | Token inesperado | ejecución de scripts está deshabilitada en este | El sistema no
puede encontrar el archivo especificado | El sistema no puede encontrar la ruta especificada | Acceso denegado | El
parámetro no es correcto | componentes de Hyper-V no se está ejecutando | (Código {1}
`) + messagesOf(`
Subsistema do Windows para Linux não tem | Não há distribuição com o nome fornecido | existe uma distribuição com o
nome fornecido | O local de instalação fornecido já está em uso | A importação da distribuição falhou | A exportação
da distribuição falhou | O arquivo importado não é uma distribuição | Não é possível iniciar porque outra instância
| Nome de distribuição inválido | WSL1 não é compatível com a configuração atual | Esta operação só é compatível com
WSL2 | está em andamento para esta distribuição | É necessário acesso de administrador para | Falha ao anexar o
disco | Falha ao criar o disco de permuta em | Não há suporte para virtualização aninhada | Não há suporte para o
modo de rede espelhado | O WSL no modo NAT não dá suporte a proxies de | Foi detectada uma alteração de Proxy Http
no | está desabilitada pela política do computador / O WSL1 está desabilitado pela política do | Falha ao instalar o
pacote MSIX | para executar o WSL não estão instalados | a operação porque o VHD está em uso no momento | VHD já
montado via wsl.exe --mount, desmonte o | A Máquina Virtual WSL2 falhou | Falha ao iniciar a distribuição | A
distribuição não pôde ser iniciada porque | A instalação do WSL parece estar corrompida | O disco foi anexado, mas
falhou ao montar | Falha ao habilitar o componente do Windows | hipervisor não está em execução | recurso necessário
não está instalado | desabilitado ou porque não tem | operação solicitada requer elevação | permissão necessária
para concluir esta tarefa / permissão necessária para realizar esta | Memória insuficiente no sistema / memória
suficiente no sistema | Um hipervisor foi detectado | Token inesperado | execução de scripts foi desabilitada neste
| O sistema não pode encontrar o arquivo especificado | O sistema não pode encontrar o caminho especificado | Acesso
negado | Parâmetro incorreto | componentes do Hyper-V não está em execução | 
`) + messagesOf(`
sottosistema Windows per Linux non ha | Nessuna distribuzione con il nome specificato | Esiste già una distribuzione
con il nome | Il percorso di installazione specificato è già | Importazione della distribuzione non riuscita |
Esportazione della distribuzione non riuscita | Il file importato non è una distribuzione | altra istanza è in
esecuzione con privilegi | Nome di distribuzione non valido | WSL1 non è supportato con la configurazione | Questa
operazione è supportata solo da WSL2 | o una conversione per questa distribuzione | Per montare un disco è
necessario l | Non è stato possibile collegare il disco | stato possibile creare il disco di scambio in | La
virtualizzazione annidata non è supportata | La modalità di rete con mirroring non è | WSL in modalità NAT non
supporta i proxy | È stata rilevata una modifica del proxy HTTP | è disabilitata dal criterio del computer / WSL1 è
disabilitato dai criteri del computer | Impossibile installare il pacchetto MSIX | necessari per eseguire WSL non
sono installati | operazione perché il VHD è in uso | VHD già montato tramite wsl.exe --mount | La macchina virtuale
WSL2 ha subito un arresto | Impossibile avviare la distribuzione. Codice | Il disco virtuale è danneggiato |
installazione di WSL sembra danneggiata | Il disco è stato collegato ma non è stato | Non è stato possibile
abilitare il componente | hypervisor non è in esecuzione | funzionalità necessaria non è installata | disabilitato
oppure non è associato | operazione richiesta richiede | autorizzazione necessaria per completare questa /
autorizzazioni necessarie per completare | Memoria insufficiente nel sistema | Rilevato hypervisor | Token
imprevisto | esecuzione di script è disabilitata nel | Impossibile trovare il file specificato | Impossibile trovare
il percorso specificato | Accesso negato | Parametro non corretto | componenti di Hyper-V non è in esecuzione |
(Codice {1}
`) + messagesOf(`
Podsystem Windows dla systemu Linux nie ma | Brak dystrybucji o podanej nazwie | Dystrybucja o podanej nazwie już
istnieje | Podana lokalizacja instalacji jest już używana | Importowanie dystrybucji nie powiodło się |
Eksportowanie dystrybucji nie powiodło się | nie jest prawidłową dystrybucją systemu Linux | Nie można uruchomić,
ponieważ inne wystąpienie | Nieprawidłowa nazwa dystrybucji | Podsystem WSL1 nie jest obsługiwany w bieżącej | jest
obsługiwana tylko przez podsystem WSL2 | odinstalowywanie lub konwersja tej dystrybucji | Do zainstalowania dysku
jest wymagany dostęp | Nie można dołączyć dysku | Nie można utworzyć dysku wymiany w | Wirtualizacja zagnieżdżona
nie jest | Tryb dublowanych sieci nie jest obsługiwany | Wykryto konfigurację serwera proxy hosta | Uruchom ponownie
podsystem WSL, aby zastosować | jest wyłączone przez zasady komputera / System WSL1 został wyłączony przez zasady |
Nie można zainstalować pakietu MSIX | do uruchomienia WSL nie są zainstalowane | Nie można ukończyć operacji,
ponieważ dysk VHD | Dysk VHD został już zainstalowany za pomocą | Maszyna wirtualna WSL2 uległa awarii | Nie można
uruchomić dystrybucji. Kod | uruchomić dystrybucji, ponieważ jej dysk | Instalacja podsystemu WSL jest
prawdopodobnie | Dysk został dołączony, ale nie można go | Nie można włączyć składnika systemu Windows | hypervisor
nie działa | wymagana funkcja nie jest zainstalowana | jest wyłączona lub nie ma skojarzonych | operacja wymaga
podniesienia uprawnień | uprawnień wymaganych do wykonania tego | mało pamięci w systemie | Wykryto funkcję
hypervisor | Nieoczekiwany token | wykonywanie skryptów jest wyłączone | Nie można odnaleźć określonego pliku | Nie
można odnaleźć określonej ścieżki | Odmowa dostępu | Parametr jest niepoprawny | składników funkcji Hyper-V nie |
(Kod {1}
`);

/** Chinese, simplified and traditional. */
export const chineseWindows = messagesOf(`
dows 子系统没有已安装的分发 | 不存在具有所提供名称的分发 | 已存在具有所提供名称的分发。使用 | 提供的安装位置已在使用中 | 导入分发失败 | 导出分发失败 | 导入的文件不是有效的 Linux |
无法启动，因为另一个实例正在权限 | 无效的分发名称 / 无效分发名称 | 当前计算机配置不支持 WSL1 | 仅 WSL2 支持此操作 | 此分发的安装、卸载或转换正在进行 | 需要管理员访问权限才能装载磁盘 | 附加到 WSL2
| 中创建交换磁盘 | 此计算机上不支持嵌套虚拟化 | 不支持镜像网络模式 | 检测到 localhost 代理 | 更改。请重启 WSL 以应用更改 | 计算机策略已禁用 .wslcon / 计算机策略已禁用 WSL1 |
无法安装 MSIX 程序包 | 未安装运行 WSL 所需的可选组 | 无法完成该操作，因为 VHD 当 | 已通过 wsl.exe --mo | WSL2 虚拟机崩溃 | 无法启动分发。错误代码 | 无法启动分发，因为其虚拟磁盘已损
| WSL 安装似乎已损坏 | 已连接磁盘，但装载失败 | 无法启用 Windows 组件 | 虚拟机监控程序未运行 | 未安装所需的特性 / 没有安装所需的特性 | 原因可能是已被禁用 | 请求的操作需要提升 |
没有完成此任务所需的权限 | 系统内存不足，无法启动 / 没有足够的内存来启动 | 已检测到虚拟机监控程序 | 表达式或语句中包含意外的标记 | 在此系统上禁止运行脚本 | 系统找不到指定的文件 | 系统找不到指定的路径 |
拒绝访问 | 参数错误 | Hyper-V 组件之一未运行 / Hyper-V 组件未运行 | (代码 {1}
`) + messagesOf(`
Linux 版 沒有已安裝的發佈 | 沒有具有所提供名稱的發佈 | 具有所提供名稱的發佈已經存在。使 | 提供的安裝位置已在使用中 | 匯入發布失敗 | 匯出發佈失敗 | 匯入的檔案不是有效的 Linux |
無法啟動，因為有另一個執行個體正 | 無效的發佈名稱 / 發佈名稱無效 | 您目前的電腦設定不支援 WSL1 | 只有 WSL2 支援此作業 | 此發佈正在進行安裝、解除安裝或轉 | 需要系統管理員存取權才能掛接磁碟 | 連結到
WSL2 | 中建立交換磁碟 | 此電腦不支援巢狀虛擬化 | 不支援鏡像網路模式 | 到 localhost Proxy 設定 | 。請重新開機 WSL 以套用變更 | 計算機原則已停用 .wslcon / WSL1
已由電腦原則停用 | 無法安裝 MSIX 套件 | 未安裝執行 WSL 所需的選用元 | 無法完成作業，因為 VHD 目前 | VHD 已透過 wsl.exe | WSL2 虛擬機器已損毀 | 發佈無法啟動。錯誤碼 |
無法啟動分佈，因為其虛擬磁碟已損 | WSL 安裝似乎已損毀 | 磁碟已連結，但無法掛接 | 無法啟用 Windows 元件 | Hypervisor 未執行 | 未安裝必要的功能 / 未安裝所需的功能 | 可能原因是服務已停用 /
服務已停用或 | 要求的作業需要提升 | 沒有完成這項工作所需的 / 沒有完成此工作所需的 | 系統記憶體不足 / 沒有足夠的記憶體可啟動 | 已偵測到 Hypervisor | 運算式或陳述式中有未預期的 |
系統上已停用指令碼執行 | 系統找不到指定的檔案 | 系統找不到指定的路徑 | 存取被拒 | 參數錯誤 | Hyper-V 元件未執行 | (代碼 {1}
`);

/** Russian. */
export const russianWindows = messagesOf(`
для Linux не имеет установленных дистрибутивов | Отсутствует распределение с указанным именем | Распределение с
указанным именем уже | Указанное расположение установки уже | Не удалось импортировать дистрибутив | Не удалось
экспортировать дистрибутив | не является допустимым дистрибутивом Linux | Экземпляры с повышенными и пониженными |
Недопустимое имя распространения / Недопустимое имя дистрибутива | конфигурация компьютера не поддерживает WSL1 |
Эта операция поддерживается только в WSL2 | Для этого распределения выполняется установка | Для подключения диска
требуется доступ | Не удалось подключить диск | Не удалось создать диск переключения в | Вложенная виртуализация не
поддерживается на | Режим зеркальной сети не поддерживается | NAT не поддерживает прокси-серверы localhost |
Перезапустите WSL, чтобы применить изменение | отключен политикой компьютера / Подсистема WSL1 отключена политикой
компьютера | Не удалось установить пакет MSIX | необходимые для запуска WSL, не установлены | Не удалось завершить
операцию, так как VHD | VHD уже подключен с помощью команды wsl.exe | Виртуальная машина WSL2 завершила работу с |
Не удалось запустить распространение | Не удалось запустить распределение, так как | Возможно, установка WSL
повреждена | Диск был подключен, но подключить его не | Не удалось включить компонент Windows | не выполняется
низкоуровневая оболочка / низкоуровневая оболочка не запущена | не установлен необходимый компонент / необходимый
компонент не установлен | отключена или все связанные с ней / поскольку она отключена или | операция требует
повышения | необходимого разрешения на выполнение этой / разрешений для выполнения этой задачи | Недостаточно памяти
для запуска / недостаточно памяти в системе | Обнаружена низкоуровневая оболочка | Непредвиденная лексема |
выполнение сценариев отключено в этой | Не удается найти указанный файл | Системе не удается найти указанный путь |
| Параметр задан неверно | компонентов Hyper-V не запущен / компонентов Hyper-V не выполняется | (Код {1}
`);

/** Japanese. */
export const japaneseWindows = messagesOf(`
インストールされているディストリビューションはあり | 指定された名前のディストリビュ | のディストリビューションは既に存在 | 指定されたインストール場所は既に | ションのインポートに失敗しました |
ディストリビューションのエクスポ | インポートされたファイルは有効な | 別のインスタンスが管理者特権なし / 別のインスタンスが管理者特権で実 | 無効なディストリビューション名 | WSL1 は、現在のマシン構成で |
この操作は WSL2 でのみサポ | このディストリビューションのイン | ディスクをマウントするには、管理 | を WSL2 にアタッチできませ | にスワップ ディスクを作成できま | ネスト化された仮想化はこのマシン |
ミラー化されたネットワーク | ローカルホスト プロキシ構成が検 | は、WSL を再起動してください | コンピューター ポリシーによって無効 / WSL1 はコンピューター ポリ | MSIX パッケージをインストー | WSL
の実行に必要なオプション | VHD が現在使用中のため、操作 | VHD は wsl.exe -- | WSL2 仮想マシンがクラッシュ | ディストリビューションを開始できませんでした | 仮想ディスクが壊れているため、デ |
WSL インストールが壊れている | ディスクがアタッチされましたが | | ハイパーバイザーが実行されていない | 必要な機能がインストールされていない | サービスが無効であるか | 要求された操作には管理者特権が必要 |
タスクを完了するために必要な | 起動するためのメモリがシステムに / システムのメモリが不足しているため | ハイパーバイザーが検出されました | 式またはステートメントのトークン | スクリプトの実行が無効になっているため |
指定されたファイルが見つかりません | 指定されたパスが見つかりません | アクセスが拒否されました | パラメーターが間違っています | Hyper-V コンポーネントの 1 つが実行されていない | (コード {1}
`);

/** Korean. */
export const koreanWindows = messagesOf(`
시스템 설치된 배포가 없습니다 | 제공된 이름의 배포가 없습니다 | 제공된 이름의 배포가 이미 | 제공된 설치 위치가 이미 사용 | 배포를 가져오지 못했습니다 | 배포를 내보내지 못했습니다 | Linux
배포가 아닙니다 | 또 다른 인스턴스가 관리자 | 잘못된 배포 이름 | WSL1이 지원되지 않습니다 | 이 작업은 WSL2에서만 | 이 배포에 대한 설치, 제거 | 디스크를 탑재하려면 관리자 | 를)
WSL2에 연결하지 못함 | 에서 스왑 디스크를 만들지 | 이 컴퓨터에서는 중첩 가상화가 | 미러된 네트워킹 모드는 | localhost 프록시 | WSL을 다시 시작하세요 | 컴퓨터 정책에 따라 | MSIX
패키지를 설치하지 | WSL을 실행하는 데 필요한 | VHD가 현재 사용 중이므로 | VHD가 이미 wsl.exe | WSL2 가상 머신이 | 배포를 시작하지 못했습니다 | 가상 디스크가 손상되어 배포를 |
WSL 설치가 손상된 것 | 디스크가 연결되었지만 탑재하지 | | 하이퍼바이저가 실행되고 있지 | 필요한 기능이 설치되지 / 필수 기능이 설치되지 | 사용하지 않도록 설정되어 있거나 | 권한 상승이 필요 |
작업을 완료하는 데 필요한 권한 | 시스템에 메모리가 부족 | 하이퍼바이저가 검색되었습니다 | 식 또는 문에서 예기치 않은 | 스크립트를 실행할 수 없으므로 | 지정된 파일을 찾을 수 없습니다 | 지정된
경로를 찾을 수 없습니다 | 액세스가 거부되었습니다 | 매개 변수가 틀립니다 | Hyper-V 구성 요소 중 하나가 실행되고 | (코드 {1}
`);
