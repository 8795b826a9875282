// 模型所写内容的显示，中文。
import type { Words } from '../words'

export default {
  'render.text': '文本',
  'render.copy.code': '复制代码',
  'render.wrap': '长行换行',
  'render.table': '表格',
  'render.copy.csv': '复制为 CSV',
  'render.copy.markdown': '复制为 Markdown',
  'render.done': '已完成',
  'render.todo': '待办',
  'render.details': '详情',
  'render.notes': '脚注',
  'render.note.back': '返回标记 {n}',
  'render.picture': '来自 {host} 的图片',
  'render.picture.show': '显示',
  'render.picture.failed': '无法显示来自 {host} 的图片',
  'render.picture.large': '图片过大，无法显示',
  'render.diagram': '图表',
  'render.diagram.source': '显示源码',
  'render.diagram.drawn': '显示图表',
  'render.diagram.failed': '无法绘制图表：{reason}',
  'render.alert.note': '注意',
  'render.alert.tip': '提示',
  'render.alert.important': '重要',
  'render.alert.warning': '警告',
  'render.alert.caution': '当心',
} satisfies Words<'render'>
